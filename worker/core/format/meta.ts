import type { Codec, ForestKind, Metric, RescoreCodec } from "./constants.ts";

/** Embedder that made the vectors. A text query is embedded by no other. */
export interface EmbedderIdentity {
  /** `static`, `workers-ai`, `openai`, `huggingface`, `model2vec`, or any name an application gives its own. */
  readonly provider: string;
  readonly model: string;
  readonly dimensions: number;
  readonly pooling?: string;
  /** The service was asked to cut its vectors to `dimensions`, and must be asked again for a query. */
  readonly dimensionsRequested?: boolean;
  readonly queryPrefix?: string;
  readonly documentPrefix?: string;
  /** Whether vectors are scaled to unit length. */
  readonly normalized: boolean;
  /** Whether vectors were multiplied by the whitening matrix in the artifact after embedding. */
  readonly whitened?: boolean;
  /** Hash of an encoder file's content, 16 hex digits: provider `encoder`. */
  readonly contentHash?: string;
  /** Tokens of a text that an encoder reads. */
  readonly maxTokens?: number;
}

/** One row of the measured table: what a searchK buys. */
export interface CertifiedRow {
  readonly searchK: number;
  readonly recallAt1: number;
  readonly recallAt10: number;
  readonly recallAt100: number;
  /** Mean number of distinct candidates whose codes were looked at. */
  readonly candidates: number;
  /** Mean number of candidates scored by the full vector code. */
  readonly scored: number;
}

/** Recall measured at build time against exact float32 search, on vectors that the forest was not trained on. */
export interface CertifiedRecall {
  readonly target: number;
  /** Queries that every figure here was measured on. */
  readonly queries: number;
  /** Other held-out queries, by which the settings were chosen; 0 where there was nothing to choose. Absent: unknown. */
  readonly choosingQueries?: number;
  /** Whether `recallAt10` reaches the target. Absent: compare them. */
  readonly met?: boolean;
  readonly heldOut: boolean;
  readonly rows: readonly CertifiedRow[];
  /** The searchK that `-1` means. */
  readonly defaultSearchK: number;
  readonly recallAt1: number;
  readonly recallAt10: number;
  readonly recallAt100: number;
  /** Recall@10 of the default searchK for texts: some words out of documents, as people type them. */
  readonly texts?: { readonly queries: number; readonly recallAt10: number };
}

/** Facts about the keyword index, for people. A reader takes what it needs from the sections. */
export interface KeywordMeta {
  /** ISO 639-1 code of the stemmer, or `none`; of several languages the one by whose rules texts are cut into words. */
  readonly language: string;
  /** The languages of the documents, where they are several. */
  readonly languages?: readonly string[];
  /** Weight of each field that was indexed; `pageContent` is the text, other names are metadata. */
  readonly fields: Readonly<Record<string, number>>;
  readonly k1: number;
  readonly b: number;
  readonly terms: number;
  readonly documents: number;
  readonly averageLength: number;
  /** Whether phrases are found by the index alone. */
  readonly positions: boolean;
}

export type ColumnType = "string" | "number" | "boolean" | "date";

/** A metadata field that filters and facets may name. */
export interface ColumnMeta {
  readonly field: string;
  readonly type: ColumnType;
  /** Whether some document has more than one value. */
  readonly array: boolean;
  /** Distinct values. */
  readonly values: number;
}

/**
 * The keyword weight w of one query: w / (1 - w) = 5 spread exp(bias + words ln(number of words) + lead (best - second) /
 * spread + best (best - mean) / spread), of the scores of the best and the second vector.
 */
export interface FusionConfidence {
  /** Mean and standard deviation of the score of a random document's vector. */
  readonly mean: number;
  readonly spread: number;
  /** Bias that the made queries chose for the corpus. */
  readonly bias: number;
  readonly words: number;
  readonly lead: number;
  readonly best: number;
}

/** Combination of keyword and vector results, measured on queries made from the index's own documents. */
export interface FusionMeta {
  readonly method: "rrf" | "score";
  /** Weight of the keyword side, 0 to 1; the vectors have the rest. With `random` or `confidence`, that of a usual query. */
  readonly keywordWeight: number;
  /**
   * Mean and standard deviation of the score of a random document's vector. Where they are given, each query has a weight of its
   * own: the words have more of it the further their best hit stands apart, the vectors the higher theirs lies.
   */
  readonly random?: { readonly mean: number; readonly spread: number };
  /** Formula of a query's weight; in artifacts of version 0.2 and before. */
  readonly confidence?: FusionConfidence;
  /** Rank constant of reciprocal ranks. */
  readonly rrfK: number;
  /** Queries that were made; 0: the default weights. */
  readonly queries: number;
  /** Mean reciprocal rank at 10 of each side and of both together. */
  readonly mrr?: { readonly keyword: number; readonly vector: number; readonly hybrid: number };
}

/** Numbers of entries of section `curation`. */
export interface CurationMeta {
  readonly synonyms: number;
  readonly rules: number;
  readonly boosts: number;
}

/** One shard of an index that is cut into several. */
export interface ShardMeta {
  /** Version of the shard's own artifact. */
  readonly version: string;
  readonly items: number;
  /** Added to the shard's own item numbers; 0 where its section `shardItems` has the whole index's. */
  readonly firstItem: number;
  readonly hotBytes: number;
  /**
   * Changes on top of the shard, in a version that changes another; absent where the shard is as its base has it. Version,
   * firstItem and hotBytes beside them are the base's, and `items` are those that are left.
   */
  readonly changes?: ShardChanges;
}

/** Changes on top of one shard. */
export interface ShardChanges {
  /** Version of their own artifact. */
  readonly version: string;
  readonly hotBytes: number;
  readonly added: number;
  readonly removed: number;
}

/** Recall by the number of centroids whose shards are asked. */
export interface ShardRow {
  /** The nearest centroids whose shards are asked. */
  readonly probes: number;
  /** Mean number of shards that own them. */
  readonly shards: number;
  readonly recallAt1: number;
  readonly recallAt10: number;
  readonly recallAt100: number;
}

/**
 * Division of an index into shards. The artifact that says so is the router: its items are centroids, its `items` counts
 * those of the shards, and `certified` is the recall of all together with `probes` and each shard's own default searchK.
 */
export interface ShardsMeta {
  /** `random`: every shard is asked, whatever the query. */
  readonly partition: "clusters" | "random";
  /** The default number of nearest centroids whose shards are asked. */
  readonly probes: number;
  /** Factor of a shard's certified searchK, with which all shards together meet the target. */
  readonly effort: number;
  /** Mean number of candidates that all asked shards together count by default: what a larger searchK is held against. */
  readonly expectedSearchK: number;
  readonly rows: readonly ShardRow[];
  readonly list: readonly ShardMeta[];
}

/** Misfit of changes to what their base has learnt from its own documents. Shares are from 0 to 1. */
export interface ChangeDrift {
  /** Added and removed documents, in parts of the base's. */
  readonly changed: number;
  /** Occurrences of words in added documents that the base does not know; absent without a keyword index. */
  readonly unknownWords?: number;
  /** Mean distance of an added vector from its nearest of the base, in parts of what the base's own items have. */
  readonly distance?: number;
}

/** The index that an artifact changes. The other entries of its meta are those of base and changes together. */
export interface BaseMeta {
  /** Version of the base's own artifact. */
  readonly version: string;
  /** Item numbers of the base, holes included: the first of the changes has the next. */
  readonly nItems: number;
  /** Documents of the base. */
  readonly items: number;
  /** Documents that are not of the base: added ones, and those that replace one of the same id. */
  readonly added: number;
  /** Documents of the base that are gone or replaced. */
  readonly removed: number;
  readonly drift: ChangeDrift;
}

/** The JSON of section `meta`: everything about an index that is not a number of the header. Pure function of input, settings and seed. */
export interface ArtifactMeta {
  readonly name: string;
  readonly metric: Metric;
  readonly dimensions: number;
  readonly items: number;
  readonly codec: Codec;
  readonly rescore: RescoreCodec;
  readonly forest: {
    readonly kind: ForestKind;
    readonly trees: number;
    readonly splitNodes: number;
    readonly leafNodes: number;
    readonly leafSize: number;
    readonly seed: number;
  };
  /** `null`: the index holds vectors only and answers no text. */
  readonly embedder: EmbedderIdentity | null;
  /** Texts longer than the embedder's `maxTokens`: the rest of them has no part in their vectors. Absent: not counted. */
  readonly cutTexts?: number;
  readonly certified: CertifiedRecall;
  /** Absent when the index answers no keyword search. */
  readonly keyword?: KeywordMeta;
  /** Absent when there is nothing to filter by. */
  readonly columns?: readonly ColumnMeta[];
  readonly fusion?: FusionMeta;
  /** Numbers of what editors have said; absent when they have not. */
  readonly curation?: CurationMeta;
  /** Absent in an artifact that holds its items itself. */
  readonly shards?: ShardsMeta;
  /** Absent in an artifact that stands by itself. */
  readonly base?: BaseMeta;
  /** Free notes of the builder: source, splitter, chunk size. */
  readonly source?: Readonly<Record<string, unknown>>;
}

export interface ManifestFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** `manifest.json` of an artifact folder, and of a published version. */
export interface Manifest extends ArtifactMeta {
  readonly format: "annoy-edge";
  readonly formatVersion: string;
  /** Hash of the content: the first 16 hex digits of the SHA-256 over the files' SHA-256. */
  readonly version: string;
  readonly hotBytes: number;
  readonly files: {
    readonly "forest.bin": ManifestFile;
    readonly "documents.jsonl": ManifestFile;
  };
}

/** Document of a hit, as LangChain's Document. */
export interface Document {
  readonly pageContent: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A document with its docstore id: one line of a page in KV. */
export interface StoredDocument extends Document {
  readonly id: string;
}

/** One line of `documents.jsonl`. */
export interface ItemDocument extends StoredDocument {
  readonly item: number;
}
