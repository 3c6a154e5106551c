import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Embedder } from "../../worker/core/embedding/types.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import type { ArtifactMeta, ItemDocument } from "../../worker/core/format/meta.ts";
import { readDocuments } from "../artifact/documents.ts";
import { calibrateFusion } from "../keyword/calibrate.ts";
import type { StoredShard } from "./stored.ts";

/**
 * Weights of words and vectors for all shards together: as they say, where one build made them; measured on
 * their documents where the embedder is at hand; else as the largest says.
 *
 * @param offsets what is added to the items of each shard
 */
export async function wholeFusion(
  shards: readonly StoredShard[],
  offsets: readonly number[],
  embedder: Embedder | undefined,
): Promise<Pick<ArtifactMeta, "fusion">> {
  const largest = shards.reduce((a, b) => (b.count > a.count ? b : a)).manifest;
  // One build weighed its shards from all documents.
  const weighed = largest.source?.shard !== undefined;
  const { keyword } = largest;
  if (weighed || !embedder || !keyword) return largest.fusion ? { fusion: largest.fusion } : {};
  const { metric, forest } = largest;
  const last = shards.length - 1;
  const { fusion } = await calibrateFusion({
    documents: documentsOf(shards, offsets),
    nItems: offsets[last]! + shards[last]!.nItems,
    metric,
    embedder,
    vectorOf: vectorsOf(shards, offsets),
    seed: forest.seed,
    keyword: { language: keyword.language, k1: keyword.k1, b: keyword.b },
  });
  return { fusion };
}

async function* documentsOf(
  shards: readonly StoredShard[],
  offsets: readonly number[],
): AsyncGenerator<ItemDocument> {
  for (const [i, { dir }] of shards.entries()) {
    for await (const document of readDocuments(join(dir, "documents.jsonl")))
      yield { ...document, item: offsets[i]! + document.item };
  }
}

/** Vectors by the whole's numbers. The few that are asked for, again and again, are kept; of the shards one at a time. */
function vectorsOf(
  shards: readonly StoredShard[],
  offsets: readonly number[],
): (item: number) => Float32Array | undefined {
  const kept = new Map<number, Float32Array | undefined>();
  let open: { readonly shard: number; readonly forest: Forest } | undefined;
  return (item) => {
    if (kept.has(item)) return kept.get(item);
    const shard = offsets.findLastIndex((first) => first <= item);
    if (open?.shard !== shard) {
      const bytes = readFileSync(join(shards[shard]!.dir, "forest.bin"));
      open = { shard, forest: openForest(openArtifact(new Uint8Array(bytes), { trusted: true })) };
    }
    const vector = open.forest.vector(item - offsets[shard]!);
    kept.set(item, vector);
    return vector;
  };
}
