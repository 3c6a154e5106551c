import { build } from "../../../build/index.ts";
import { createRandom } from "../../../build/numeric/random.ts";
import { readWordNet } from "../../../build/sources/wordnet.ts";

/** Dimensions of the encoder that ships. */
const DIMENSIONS = 384;

/**
 * Builds a small index that has all that takes memory beside the hot part: the sentence encoder for its queries, words,
 * and codec binary, whose rows are read from the cold part. The vectors are random: nobody reads the answers.
 */
export async function buildMemoryCorpus(out: string, count: number): Promise<void> {
  await build({
    name: "memory",
    embedder: "encoder",
    codec: "binary",
    targetRecall: 0.5,
    documents: () => documents(count),
    out,
  });
}

async function* documents(count: number) {
  const random = createRandom(1);
  let made = 0;
  for await (const { id, pageContent } of readWordNet()) {
    if (made++ === count) return;
    yield { id, pageContent, vector: Array.from({ length: DIMENSIONS }, () => random() - 0.5) };
  }
}
