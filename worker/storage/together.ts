/** Something that is loaded beside others. */
export interface Load<T> {
  /** @param step to be called as bytes arrive; what it throws ends the load */
  readonly run: (step: () => void) => Promise<T>;
  /** Gives back the memory of what was loaded. */
  readonly free: (loaded: T) => void;
}

/**
 * Runs loads beside each other. When one fails, the others end at their next step, and what they have loaded is given back,
 * at once or when it arrives: none is waited for, as it may be stuck.
 *
 * @param onProgress called as bytes arrive; what it throws ends all loads
 * @throws what the first load failed with
 */
export async function loadTogether<T extends readonly unknown[]>(
  loads: { readonly [K in keyof T]: Load<T[K]> },
  onProgress: () => void,
): Promise<T> {
  let failure: { readonly error: unknown } | undefined;
  const step = (): void => {
    if (failure) throw failure.error;
    onProgress();
  };
  const pending = loads.map(({ run, free }) => ({ loaded: run(step), free }));
  try {
    return (await Promise.all(pending.map(({ loaded }) => loaded))) as unknown as T; // in the order of the loads
  } catch (error) {
    failure = { error };
    for (const { loaded, free } of pending) loaded.then(free, () => {});
    throw error;
  }
}
