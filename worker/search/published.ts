import type { KVNamespace, R2Bucket } from "@cloudflare/workers-types";
import type { LoadedParts } from "../artifact/load.ts";
import type { PageCache } from "../docstore/cache.ts";
import { openKvDocstore } from "../docstore/kv.ts";
import { createPlacedReader } from "../docstore/pages.ts";
import { decodePlacement } from "../docstore/placement.ts";
import { idOfItem, openIds } from "../format/ids.ts";
import { type IndexParts, openIndex } from "./open.ts";
import type { LoadedIndex } from "./types.ts";

/** Where the documents of what was published lie. */
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
