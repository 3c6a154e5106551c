import { type BuiltForest, encodeDraft } from "../../build/artifact/folder-files.ts";
import { buildForest } from "../../build/forest/build-forest.ts";
import { createRandom } from "../../build/numeric/random.ts";
import type { ForestSettings } from "../../build/settings/options.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import type { Metric } from "../../worker/core/format/constants.ts";

/** Settings that tests begin from. */
export const PLAIN_SETTINGS: ForestSettings = {
  trees: 1,
  targetRecall: 0.95,
  codec: "int8",
  rescore: "none",
  leafSize: 0,
  seed: 1,
  jobs: 1,
};

/** Seeded vectors around random centres: near neighbours exist, as in real embeddings. Row-major, shared. */
export function clusteredVectors(
  count: number,
  dimensions: number,
  clusters: number,
  spread: number,
  seed: number,
): Float32Array<SharedArrayBuffer> {
  const random = createRandom(seed);
  // The sum of four uniform numbers is near enough to a normal one.
  const normal = () => random() + random() + random() + random() - 2;
  const centres = Float32Array.from({ length: clusters * dimensions }, normal);
  const vectors = new Float32Array(new SharedArrayBuffer(count * dimensions * 4));
  for (let row = 0; row < count; row++) {
    const centre = Math.floor(random() * clusters) * dimensions;
    for (let i = 0; i < dimensions; i++)
      vectors[row * dimensions + i] = centres[centre + i]! + spread * normal();
  }
  return vectors;
}

/** Builds vectors and opens the result as a reader would. */
export async function forestOf(
  vectors: Float32Array<SharedArrayBuffer>,
  dimensions: number,
  metric: Metric,
  settings: Partial<ForestSettings> = {},
  items?: Uint32Array,
): Promise<{ forest: Forest; built: BuiltForest; bytes: Uint8Array }> {
  const input = { vectors, dimensions, metric, ...(items && { items }) };
  const built = await buildForest(input, { ...PLAIN_SETTINGS, ...settings });
  const bytes = encodeDraft({ built });
  return { forest: openForest(openArtifact(bytes)), built, bytes };
}
