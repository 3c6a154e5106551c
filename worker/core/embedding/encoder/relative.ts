import type { Kernel } from "./kernel.ts";
import type { Weights } from "./weights.ts";

/** Distances from here on share the last bucket. */
const FARTHEST = 128;

/** Adds MPNet's bias by the distance of two tokens to the scores of one head, `length` rows padded to a multiple of 4. */
export function addRelativeBias(
  kernel: Kernel,
  { config, place }: Weights,
  scores: number,
  length: number,
  head: number,
): void {
  const { relativeBuckets, heads } = config;
  const buffer = kernel.functions.memory.buffer;
  const biases = new Float32Array(buffer, place("relativeBias"), relativeBuckets * heads);
  const padded = Math.ceil(length / 4) * 4;
  const numbers = new Float32Array(buffer, scores, length * padded);
  const byDistance = new Float32Array(2 * length - 1);
  for (let i = 0; i < byDistance.length; i++) {
    byDistance[i] = biases[bucket(i - (length - 1), relativeBuckets) * heads + head]!;
  }
  for (let query = 0; query < length; query++) {
    for (let key = 0; key < length; key++) {
      numbers[query * padded + key]! += byDistance[key - query + length - 1]!;
    }
  }
}

/** Half of the buckets for keys behind the query; half of those for single distances, the others logarithmic. */
function bucket(distance: number, buckets: number): number {
  const half = buckets / 2;
  const exact = half / 2;
  const far = Math.abs(distance);
  const step =
    far < exact
      ? far
      : Math.min(
          half - 1,
          exact + Math.floor((Math.log(far / exact) / Math.log(FARTHEST / exact)) * (half - exact)),
        );
  return step + (distance > 0 ? half : 0);
}
