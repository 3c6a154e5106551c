import type { KVNamespace, R2Bucket } from "@cloudflare/workers-types";
import { RANKING_BYTES } from "../core/format/budget.ts";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { idOfItem, openIds } from "../core/format/ids.ts";
import { decodePlacement } from "../core/format/placement.ts";
import { requestMemory } from "../core/format/request-memory.ts";
import { openWordTotals } from "../core/keyword/totals.ts";
import { openChanged, openUnchanged } from "../core/search/changes/open-changed.ts";
import { type IndexParts, type InTurn, type LoadedIndex, openIndex } from "../core/search/loaded-index.ts";
import { readsCold } from "./cold-file.ts";
import type { PageCache } from "./documents/cache.ts";
import { openKvDocstore } from "./documents/kv.ts";
import { createPlacedReader } from "./documents/pages.ts";
import type { LoadedParts } from "./loaded.ts";
import { createSemaphore } from "./semaphore.ts";

/** Places of the documents of a published version. */
export interface DocumentBindings {
  readonly kv: KVNamespace;
  readonly bucket: R2Bucket;
  /** Shared by all versions and indexes of the isolate. */
  readonly pages: PageCache;
}

/**
 * Opens what was loaded from R2, a whole version, its base with it, or a shard of one, with its documents in KV.
 *
 * @throws ArtifactError naming what is damaged; AnnoyEdgeError `BASE_MISMATCH`, `VERSION_INCOMPLETE`
 */
export function openPublished(
  parts: LoadedParts,
  bindings: DocumentBindings,
  more: Pick<IndexParts, "createEmbedder" | "shards"> = {},
): LoadedIndex {
  const index = openAlone(parts, bindings, more);
  const totals = parts.wordTotals && openWordTotals(parts.wordTotals);
  if (parts.base) return openChanged(openAlone(parts.base, bindings, more), index, totals);
  const { base } = parts.artifact.meta;
  if (!base) return openUnchanged(index, totals);
  const message = `Version ${parts.version} changes ${base.version}, whose lengths its manifest does not tell. Publish it again.`;
  throw new AnnoyEdgeError("VERSION_INCOMPLETE", message);
}

/** As many at once as reads of cold rows. */
const rankings = createSemaphore(3 * RANKING_BYTES, { memory: requestMemory });
const takeTurn: InTurn = (run, work) => rankings(RANKING_BYTES, run, work?.share);

function openAlone(
  { name, version, manifest, artifact, placement, readRanges }: LoadedParts,
  { kv, bucket, pages }: DocumentBindings,
  more: Pick<IndexParts, "createEmbedder" | "shards">,
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
  const inTurn = readsCold(artifact) ? takeTurn : undefined;
  return openIndex({ version, manifest, artifact, docstore, readRanges, inTurn, ...more, shards });
}
