import { median } from "../../../build/numeric/statistics.ts";
import { type IsolateOptions, startIsolate } from "./isolate.ts";

/**
 * Returns the median of milliseconds from sending the first search of a new isolate, which reads everything from R2, to the
 * last byte of its answer.
 */
export async function measureFirst(
  isolate: IsolateOptions,
  path: string,
  body: string,
  rounds: number,
): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // Stopped before it fills the data centre's cache.
    await using cold = await startIsolate(isolate);
    const began = performance.now();
    const headers = { "content-type": "application/json" };
    const response = await fetch(new URL(path, cold.url), { method: "POST", headers, body });
    const answer = await response.text();
    if (!response.ok) throw new Error(`The first request is answered with ${response.status}: ${answer}`);
    times.push(performance.now() - began);
  }
  return median(times);
}
