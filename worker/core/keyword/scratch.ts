/** Items are scored in windows of this many, so that scratch stays in the processor's cache whatever the index holds. */
export const WINDOW = 8_192;

/** Working memory of searches, which never overlap because nothing awaits. All zero between searches. */
export interface Scratch {
  /** Score of each item of the window; 0: not met. */
  readonly scores: Float32Array;
  /** Units of the words of one group in each item of the window. */
  readonly units: Float32Array;
  /** Items met in the window, as offsets from its start. */
  readonly met: Uint16Array;
  /** Items met by one group. */
  readonly metByGroup: Uint16Array;
}

export function createScratch(): Scratch {
  return {
    scores: new Float32Array(WINDOW),
    units: new Float32Array(WINDOW),
    met: new Uint16Array(WINDOW),
    metByGroup: new Uint16Array(WINDOW),
  };
}

/** Runs a search over scratch, and zeroes it when a damaged list, or an `accept`, throws: the next search shares it. */
export function withScratch<T>({ scores, units }: Scratch, search: () => T): T {
  try {
    return search();
  } catch (error) {
    scores.fill(0);
    units.fill(0);
    throw error;
  }
}
