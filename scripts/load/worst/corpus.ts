import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { InputDocument } from "../../../build/artifact/collect.ts";
import { build } from "../../../build/index.ts";
import { createRandom } from "../../../build/numeric/random.ts";
import { ROOT } from "../../bench/tool.ts";
import { wordNetTexts } from "../../bench/wordnet.ts";
import { PACKED_VECTORS } from "../../demo/index.ts";
import { openPackedVectors } from "../../demo/packed-vectors.ts";

/** Documents of the index that requests are tried on, by default. */
export const DOCUMENTS = 200_000;

/**
 * Builds an index of documents on which requests cost what they can: three definitions of WordNet each, so that
 * many hold the same frequent words; the sentence encoder's vectors; and fields with few values, many, lists and one of
 * each document's own.
 */
export async function buildWorstCorpus(
  out: string,
  count: number,
  shards: number | undefined,
): Promise<void> {
  await build({
    ...{ name: "worst", embedder: "encoder", rescore: "none", targetRecall: 0.9 },
    filterable: ["part", "year", "tags", "sku"],
    ...{ documents: () => documents(count), out },
    ...(shards && { shards }),
  });
}

async function* documents(count: number): AsyncGenerator<InputDocument> {
  const packed = await readFile(join(ROOT, PACKED_VECTORS));
  const { rows, dimensions, unpack } = openPackedVectors(packed);
  const vectors = unpack();
  const random = createRandom(1);
  const texts = await wordNetTexts();
  for (let i = 0; i < count; i++) {
    const own = i % rows;
    const vector = vectors.slice(own * dimensions, (own + 1) * dimensions);
    // The second round lies beside the first, not on it.
    if (i >= rows) for (let d = 0; d < dimensions; d++) vector[d]! += (random() - 0.5) * 0.05;
    yield {
      id: `doc-${i}`,
      pageContent: [own, own + 40_009, own + 80_021].map((n) => texts[n % rows]).join("; "),
      metadata: {
        part: `part ${i % 7}`,
        year: 1960 + (i % 60),
        tags: Array.from({ length: 4 }, (_, t) => `tag ${(i * 31 + t * 17) % 300}`),
        sku: `sku ${(i * 7919) % count}`,
      },
      vector,
    };
  }
}
