import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { IndexesResponse } from "../../../worker/client/index.ts";
import { drive, type LoadResult, post } from "../drive.ts";
import type { Isolate } from "./isolate.ts";
import type { Versions } from "./versions.ts";
import { type Peak, peakDuring } from "./watch.ts";

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

/** Measures an isolate that holds nothing yet: cold requests at once, lanes of requests, swaps under lanes. */
export async function measureSituations(
  isolate: Isolate,
  { name, versions, point }: Versions,
  { bodies, lanes, seconds, swaps, onMeasured }: SituationOptions,
): Promise<Measured[]> {
  const url = new URL(`/v1/indexes/${name}/search`, isolate.url).href;
  const measure = async (situation: string, run: () => Promise<Outcome>): Promise<Measured> => {
    let outcome: Outcome | undefined;
    const peak = await peakDuring(isolate.inspector, async () => {
      outcome = await run();
    });
    await isolate.inspector.collect();
    const { heap, buffers } = await isolate.inspector.read();
    const encoder = await isolate.inspector.wasmBytes();
    const measured = { situation, peak, left: heap + buffers, encoder, ...outcome! };
    onMeasured?.(measured);
    return measured;
  };
  const load = (time: number): Promise<LoadResult> =>
    drive({ url, connections: lanes, seconds: time, bodies });
  return [
    await measure(`${COLD_REQUESTS} cold requests`, async () => {
      const agent = new Agent();
      const bodyOf = (i: number) => bodies[i % bodies.length]!;
      return outcomeOf(
        await Promise.all(Array.from({ length: COLD_REQUESTS }, (_, i) => post(agent, url, bodyOf(i)))),
      );
    }),
    await measure(`${lanes} lanes`, async () => {
      const { requests, errorKinds } = await load(seconds);
      return { requests, others: errorKinds };
    }),
    await measure(`${swaps} swaps under ${lanes} lanes`, async () => {
      let isOver = false;
      const lanesOver = (async () => {
        const results: LoadResult[] = [];
        while (!isOver) results.push(await load(1));
        return results;
      })();
      try {
        for (let swap = 1; swap <= swaps; swap++) {
          const version = versions[swap % versions.length]!;
          await point(version);
          await answeredBy(isolate.url, name, version);
        }
      } finally {
        isOver = true;
      }
      const results = await lanesOver;
      const others: Record<string, number> = {};
      for (const { errorKinds } of results) {
        for (const [kind, count] of Object.entries(errorKinds)) others[kind] = (others[kind] ?? 0) + count;
      }
      return { requests: results.reduce((sum, { requests }) => sum + requests, 0), others };
    }),
  ];
}

type Outcome = Pick<Measured, "requests" | "others">;

function outcomeOf(statuses: readonly string[]): Outcome {
  const others: Record<string, number> = {};
  for (const status of statuses) if (status !== "200") others[status] = (others[status] ?? 0) + 1;
  return { requests: statuses.filter((status) => status === "200").length, others };
}

const SWAP_MS = 60_000;

/** Waits until a version answers. */
async function answeredBy(origin: string, name: string, version: string): Promise<void> {
  const url = new URL("/v1/indexes", origin);
  for (const end = Date.now() + SWAP_MS; Date.now() < end; await sleep(50)) {
    const { indexes } = (await (await fetch(url)).json()) as IndexesResponse;
    if (indexes.some((one) => one.index === name && one.version === version)) return;
  }
  throw new Error(`Version ${version} does not answer after ${SWAP_MS / 1000} s.`);
}
