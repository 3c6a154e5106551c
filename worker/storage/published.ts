import type { KVNamespace, R2Bucket } from "@cloudflare/workers-types";
import { idOfItem, openIds } from "../core/format/ids.ts";
import { decodePlacement } from "../core/format/placement.ts";
import type { LoadedIndex } from "../core/search/loaded-index.ts";
import { type IndexParts, openIndex } from "../core/search/loaded-index.ts";
import type { PageCache } from "./documents/cache.ts";
import { openKvDocstore } from "./documents/kv.ts";
import { createPlacedReader } from "./documents/pages.ts";
import type { LoadedParts } from "./load.ts";

/** Places of the documents of a published version. */
export interface DocumentBindings {
  readonly kv: KVNamespace;
  readonly bucket: R2Bucket;
  /** Shared by all versions and indexes of the isolate. */
  readonly pages: PageCache;
}

/**
 * Opens what was loaded from R2, a whole version or a shard of one, with its documents in KV.
 *
 * @throws ArtifactError naming what is damaged
 */
export function openPublished(
  { name, version, manifest, artifact, placement, readRanges }: LoadedParts,
  { kv, bucket, pages }: DocumentBindings,
  more: Pick<IndexParts, "createEmbedder" | "shards"> = {},
): LoadedIndex {
  const ids = openIds(artifact);
  const pageOptions = { kv, bucket, name, cache: pages };
  const docstore = openKvDocstore({
    ...pageOptions,
    placement: decodePlacement(placement),
    idOf: (item) => idOfItem(ids, item),
  });
  // Shards tell where their documents lie, so that whoever asks them reads those that it shows, and nobody asks twice.
  const shards = more.shards && { ...more.shards, readPlaced: createPlacedReader(pageOptions) };
  return openIndex({ version, manifest, artifact, docstore, readRanges, ...more, shards });
}
