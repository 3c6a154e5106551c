import { openColumns } from "../columns/columns.ts";
import { openArtifactEmbedder } from "../embedding/artifact.ts";
import type { Embedder } from "../embedding/types.ts";
import { openForest } from "../forest/open.ts";
import type { ReadRanges } from "../forest/types.ts";
import { type Artifact, findSection } from "../format/artifact.ts";
import { openIds } from "../format/ids.ts";
import type { EmbedderIdentity, Manifest } from "../format/meta.ts";
import { openKeywordIndex } from "../keyword/open.ts";
import type { Docstore } from "./docstore.ts";
import { openShardSet } from "./shards/open.ts";
import type { ShardSet } from "./shards/types.ts";
import type { LoadedIndex } from "./types.ts";

/** What makes up one version of an index, before it is opened. */
export interface IndexParts {
  readonly version: string;
  readonly manifest: Manifest;
  readonly artifact: Artifact;
  readonly docstore: Docstore;
  /** Reads ranges of forest.bin; needed when the rescoring tier is not in memory. */
  readonly readRanges?: ReadRanges;
  /** Gives the query embedder when the artifact does not carry its own; undefined when there is none to give. */
  readonly createEmbedder?: ((identity: EmbedderIdentity) => Embedder | undefined) | undefined;
  /** Reaches the shards of an index that is cut into some; it cannot be opened without. */
  readonly shards?: Omit<ShardSet, "meta" | "owners"> | undefined;
}

/**
 * Opens an index for searching, in the Worker and in Node alike. Views over the artifact's bytes; takes no time that
 * grows with the number of items.
 *
 * @throws ArtifactError naming the section at fault; AnnoyEdgeError `SHARDS_UNREACHABLE`
 */
export function openIndex(parts: IndexParts): LoadedIndex {
  const { artifact, manifest, version, docstore } = parts;
  const identity = artifact.meta.embedder;
  // A shard is given vectors: the router has embedded the text, with the table that it alone carries.
  const isShard = findSection(artifact, "shardItems") !== undefined;
  const embedder = isShard
    ? undefined
    : (openArtifactEmbedder(artifact) ?? (identity && parts.createEmbedder?.(identity)));
  const keyword = openKeywordIndex(artifact);
  const columns = openColumns(artifact);
  const shards = openShardSet(artifact, parts.shards);
  return {
    name: manifest.name,
    version,
    manifest,
    forest: openForest(artifact),
    ids: openIds(artifact),
    docstore,
    ...(parts.readRanges && { readRanges: parts.readRanges }),
    ...(embedder && { embedder }),
    ...(keyword && { keyword }),
    ...(columns && { columns }),
    ...(shards && { shards }),
  };
}
