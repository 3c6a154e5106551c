import { type Columns, openColumns } from "../columns/columns.ts";
import type { CompiledFilter } from "../columns/compile.ts";
import { openArtifactEmbedder } from "../embedding/artifact.ts";
import type { Embedder } from "../embedding/types.ts";
import { openForest } from "../forest/open-forest.ts";
import type { Forest, ReadRanges } from "../forest/types.ts";
import { type Artifact, findSection } from "../format/artifact.ts";
import { type IdTable, openIds } from "../format/ids.ts";
import type { EmbedderIdentity, Manifest } from "../format/meta.ts";
import type { Work } from "../format/work.ts";
import type { JoinedKeywords } from "../keyword/joined.ts";
import { type KeywordIndex, openKeywordIndex } from "../keyword/keyword-index.ts";
import { isLanguage, type Language } from "../keyword/languages.ts";
import { openCuration, type PreparedCuration } from "./curation/prepare.ts";
import type { Docstore } from "./docstore.ts";
import { openShardSet } from "./shards/shard-set.ts";
import type { ShardSet } from "./shards/types.ts";

/** One version of an index: everything that an answer needs. Holds no state of a request. */
export interface LoadedIndex {
  readonly name: string;
  readonly version: string;
  readonly manifest: Manifest;
  readonly forest: Forest;
  readonly ids: IdTable;
  readonly docstore: Docstore;
  /** Reads the cold part of forest.bin, where an answer needs it. */
  readonly readRanges?: ReadRanges;
  /** Runs a ranking when there is memory for it; present where rankings wait for reads, so that others begin meanwhile. */
  readonly inTurn?: InTurn;
  /** Absent when the index holds vectors only. */
  readonly embedder?: Embedder;
  /** Absent when the index was built without one, and where shards have it. */
  readonly keyword?: KeywordIndex;
  /** Search by words, here or in shards; absent when the index was built without a keyword index. */
  readonly words?: WordSearch;
  /** Filterable fields; absent when there are none. */
  readonly columns?: Columns;
  /** Synonyms, pinned and hidden documents, boosts; absent when the index was built without. */
  readonly curation?: PreparedCuration;
  /**
   * Shards that hold the items of the index. The forest then holds the centroids that lead to them; ids,
   * documents, keywords and columns are the shards'.
   */
  readonly shards?: ShardSet;
  /**
   * The parts of a base with changes. Forest, columns, ids and documents beside them are the base's alone; the keyword
   * index knows the words of both.
   */
  readonly changes?: Changes;
}

export interface WordSearch {
  /** Language in which texts and queries are cut into words. */
  readonly language: Language;
  /** Whether the index knows where words stand in documents; without, phrases are checked against the documents. */
  readonly positions: boolean;
}

/** @param work of the request, whose memory counts with what is run */
export type InTurn = <R>(run: () => Promise<R>, work?: Work) => Promise<R>;

/** A base with what was added to it and taken from it. */
export interface Changes {
  readonly base: LoadedIndex;
  /** Added documents, and those that replace one of the base: item i of them has the number `base.forest.nItems` + i. */
  readonly added: LoadedIndex;
  /** Items of the base that are left. */
  readonly kept: CompiledFilter;
  /** Items of the base that are gone, ascending. */
  readonly removed: Uint32Array;
  /** Absent without a keyword index. */
  readonly keywords?: JoinedKeywords;
}

/** Whether there are fields to filter by. */
export function hasColumns({ shards, columns, manifest }: LoadedIndex): boolean {
  return shards ? (manifest.columns ?? []).length > 0 : columns !== undefined;
}

/** Parts of one version of an index, before it is opened. */
export interface IndexParts {
  readonly version: string;
  readonly manifest: Manifest;
  readonly artifact: Artifact;
  readonly docstore: Docstore;
  /** Reads ranges of forest.bin; needed when the rescoring tier is not in memory. */
  readonly readRanges?: ReadRanges;
  readonly inTurn?: InTurn | undefined;
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
  // A shard, and changes, are given vectors: router and base have embedded the text, with the table that they alone carry.
  const isGivenVectors = ["shardItems", "removedItems"] as const;
  const embedder = isGivenVectors.some((section) => findSection(artifact, section))
    ? undefined
    : (openArtifactEmbedder(artifact) ?? (identity && parts.createEmbedder?.(identity)));
  const keyword = openKeywordIndex(artifact);
  const columns = openColumns(artifact);
  const shards = openShardSet(artifact, parts.shards);
  const words = wordSearchOf(keyword, shards && manifest.keyword);
  const { language } = words ?? { language: "none" };
  const languages = manifest.keyword?.languages?.filter(isLanguage) ?? [language];
  const curation = openCuration(artifact, { language, languages });
  return {
    name: manifest.name,
    version,
    manifest,
    forest: openForest(artifact),
    ids: openIds(artifact),
    docstore,
    ...(parts.readRanges && { readRanges: parts.readRanges }),
    ...(parts.inTurn && { inTurn: parts.inTurn }),
    ...(embedder && { embedder }),
    ...(keyword && { keyword }),
    ...(words && { words }),
    ...(columns && { columns }),
    ...(curation && { curation }),
    ...(shards && { shards }),
  };
}

/** @param ofShards what the manifest of an index in shards says */
function wordSearchOf(
  keyword: KeywordIndex | undefined,
  ofShards: Manifest["keyword"],
): WordSearch | undefined {
  if (keyword) return { language: keyword.language, positions: keyword.positions !== undefined };
  if (!ofShards) return undefined;
  const { language, positions = false } = ofShards;
  return { language: isLanguage(language) ? language : "none", positions };
}
