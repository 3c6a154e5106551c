import type { Codec, ForestKind, Metric, RescoreCodec } from "./constants.ts";

/** Which embedder made the vectors. A text query is answered only by the very same one. */
export interface EmbedderIdentity {
  /** `static`, `workers-ai`, `openai`, `huggingface`, `model2vec`, or any name an application gives its own. */
  readonly provider: string;
  readonly model: string;
  readonly dimensions: number;
  readonly pooling?: string;
  readonly queryPrefix?: string;
  readonly documentPrefix?: string;
  /** Whether vectors are scaled to unit length. */
  readonly normalized: boolean;
  /** Whether vectors were multiplied by the whitening matrix in the artifact after embedding. */
  readonly whitened?: boolean;
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
  readonly queries: number;
  readonly heldOut: boolean;
  readonly rows: readonly CertifiedRow[];
  /** The searchK that `-1` means. */
  readonly defaultSearchK: number;
  readonly recallAt1: number;
  readonly recallAt10: number;
  readonly recallAt100: number;
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
  readonly certified: CertifiedRecall;
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

/** What a hit shows, as LangChain's Document. */
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
