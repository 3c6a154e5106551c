import { setTimeout as sleep } from "node:timers/promises";
import type { IndexesResponse } from "../../../worker/client/index.ts";
import { drive, type LoadResult } from "../drive.ts";
import type { Inspector, Memory } from "./inspector.ts";
import type { Isolate } from "./isolate.ts";
import type { Versions } from "./versions.ts";

/** Peaks of an isolate's memory over a time, garbage included. */
export interface Peak extends Memory {
  /** Heap and buffers together. */
  readonly together: number;
}

/** Memory of an isolate in a situation. Bytes. */
export interface Measured {
  readonly situation: string;
  readonly peak: Peak;
  /** Heap and buffers afterwards, garbage collected. */
  readonly left: number;
  /** WebAssembly memory of encoders, which the inspector does not count. */
  readonly encoder: number;
  readonly requests: number;
  /** Count of each answer other than 200. */
  readonly others: Readonly<Record<string, number>>;
}

export interface SituationOptions {
  readonly bodies: readonly string[];
  readonly lanes: number;
  readonly seconds: number;
  readonly swaps: number;
  readonly onMeasured?: (measured: Measured) => void;
}

/** All that is held: heap, buffers and encoders. */
export function totalOf({ peak, encoder }: Measured): number {
  return peak.together + encoder;
}

const COLD_REQUESTS = 100;
const SWAP_MS = 60_000;
/** Milliseconds between two looks at the memory. */
const PAUSE_MS = 2;

/** Measures an isolate that holds nothing yet: cold requests at once, lanes of requests, swaps under lanes. */
export async function measureSituations(
  isolate: Isolate,
  { name, versions, point }: Versions,
  { bodies, lanes, seconds, swaps, onMeasured }: SituationOptions,
): Promise<Measured[]> {
  const { inspector } = isolate;
  const url = new URL(`/v1/indexes/${name}/search`, isolate.url).href;
  const measured: Measured[] = [];
  const measure = async (situation: string, run: () => Promise<LoadResult>): Promise<void> => {
    const [peak, { requests, errorKinds }] = await peakDuring(inspector, run);
    await inspector.collect();
    const { heap, buffers } = await inspector.read();
    const encoder = await inspector.wasmBytes();
    const one = { situation, peak, left: heap + buffers, encoder, requests, others: errorKinds };
    onMeasured?.(one);
    measured.push(one);
  };
  const load = { url, connections: lanes, bodies };
  await measure(`${COLD_REQUESTS} cold requests`, () =>
    drive({ url, connections: COLD_REQUESTS, bodies, most: COLD_REQUESTS }),
  );
  await measure(`${lanes} lanes`, () => drive({ ...load, signal: AbortSignal.timeout(seconds * 1000) }));
  await measure(`${swaps} swaps under ${lanes} lanes`, async () => {
    const over = new AbortController();
    const driven = drive({ ...load, signal: over.signal });
    try {
      for (let swap = 1; swap <= swaps; swap++) {
        const version = versions[swap % versions.length]!;
        await point(version);
        await answeredBy(isolate.url, name, version);
      }
    } finally {
      over.abort();
    }
    return await driven;
  });
  return measured;
}

/** Reads an isolate's memory again and again while `run` runs. */
async function peakDuring<T>(inspector: Inspector, run: () => Promise<T>): Promise<[Peak, T]> {
  const peak = { heap: 0, buffers: 0, together: 0 };
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const { heap, buffers } = await inspector.read();
      peak.heap = Math.max(peak.heap, heap);
      peak.buffers = Math.max(peak.buffers, buffers);
      peak.together = Math.max(peak.together, heap + buffers);
      await sleep(PAUSE_MS);
    }
  })();
  try {
    return [peak, await run()];
  } finally {
    isOver = true;
    await watching;
  }
}

/** Waits until a version answers. */
async function answeredBy(origin: string, name: string, version: string): Promise<void> {
  const url = new URL("/v1/indexes", origin);
  for (const end = Date.now() + SWAP_MS; Date.now() < end; await sleep(50)) {
    const { indexes } = (await (await fetch(url)).json()) as IndexesResponse;
    if (indexes.some((one) => one.index === name && one.version === version)) return;
  }
  throw new Error(`Version ${version} does not answer after ${SWAP_MS / 1000} s.`);
}
