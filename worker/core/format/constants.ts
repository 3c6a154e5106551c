/**
 * Every number that a writer and a reader of `forest.bin` must agree on. The normative text is `docs/format.md`;
 * `test/format-document.test.ts` holds the two against each other.
 */

/** First eight bytes: a non-ASCII byte, the name and CR LF, so that a text-mode copy shows at once (as PNG does). */
export const MAGIC: readonly number[] = [0x89, 0x41, 0x45, 0x44, 0x47, 0x45, 0x0d, 0x0a];
export const FORMAT_MAJOR = 1;
export const FORMAT_MINOR = 0;
export const HEADER_BYTES = 128;
export const SECTION_ENTRY_BYTES = 40;
/** Sections start on multiples of this many bytes: a cache line, and enough for every typed-array view. */
export const SECTION_ALIGNMENT = 64;
/** More sections than this is damage, not a file from the future. */
export const MAX_SECTIONS = 256;
export const MAX_DIMENSIONS = 65_536;
/** Shards of one index: a query may ask them all, and a Worker has 1,000 subrequests for that. */
export const MAX_SHARDS = 500;
/** Items are addressed by unsigned 32-bit numbers, and 2^31 - 1 is the largest that Annoy's int32 can name. */
export const MAX_ITEMS = 0x7fff_ffff;

/** Field offsets within the header, in bytes. */
export const HEADER = {
  magic: 0,
  major: 8,
  minor: 10,
  headerBytes: 12,
  fileBytes: 16,
  hotBytes: 24,
  sectionCount: 32,
  sectionEntryBytes: 36,
  metric: 40,
  codec: 41,
  forestKind: 42,
  rescoreCodec: 43,
  dimensions: 44,
  nItems: 48,
  nSlots: 52,
  nTrees: 56,
  defaultSearchK: 60,
  seed: 64,
  leafSize: 68,
  certifiedRecall: 72,
  tableChecksum: 76,
  headerChecksum: 80,
} as const;

/** Field offsets within one entry of the section table, in bytes. */
export const SECTION_ENTRY = {
  kind: 0,
  flags: 4,
  offset: 8,
  length: 16,
  checksum: 24,
} as const;

export const SECTION_FLAGS = {
  /** Needed by a query: lies in the hot part, which one ranged read loads. */
  hot: 1,
  /** A reader that does not know this kind must refuse the file instead of ignoring the section. */
  critical: 2,
} as const;

export const METRICS = ["angular", "euclidean", "manhattan", "hamming", "dot"] as const;
export type Metric = (typeof METRICS)[number];

/** Order is the number in the file. `none` is used for an absent rescoring tier. */
export const CODECS = ["none", "float32", "int8", "int4", "binary"] as const;
export type Codec = Exclude<(typeof CODECS)[number], "none">;
export type RescoreCodec = (typeof CODECS)[number];

/** `flat`: no trees, every code is scanned. `compact`: our own forest. `annoy`: the nodes of an Annoy file, kept. */
export const FOREST_KINDS = ["flat", "compact", "annoy"] as const;
export type ForestKind = (typeof FOREST_KINDS)[number];

/**
 * Section kinds. Ranges of 16 belong to one concern; gaps are for what comes.
 */
export const SECTIONS = {
  meta: 1,
  /** Checksums of the pages of the cold part: see `cold-pages.ts`. */
  coldChecksums: 2,
  /** Storage slot to item, unsigned 32-bit, ascending slots. */
  slotItems: 16,
  /** Item to storage slot, unsigned 32-bit; 0xffffffff for a hole. */
  itemSlots: 17,
  ids: 18,
  idOrder: 19,
  vectors: 32,
  /** One float32 a stored vector: what its codes are multiplied by (codecs int8 and int4). */
  vectorScales: 33,
  /** The rescoring tier: the same vectors in a finer codec, usually cold. */
  rescoreVectors: 34,
  rescoreScales: 35,
  /** 1-bit codes of the residuals from the leaf's centroid, with their correction factors: a row of words a slot. */
  sketches: 36,
  /** Steps and bounds that decode the sketches' factors; with several trees their centre. */
  sketchFactors: 37,
  /** Euclidean length of every stored vector, float32: metric angular, unless all are unit vectors. */
  vectorNorms: 40,
  /** Split and leaf nodes of a compact forest, 20 bytes each, and one centroid of int8 codes a node. */
  nodes: 48,
  /** Slots of the leaves of every tree but the first, bit-packed. */
  leafItems: 49,
  centroids: 50,
  /** First child and number of children of every root. */
  roots: 51,
  /** Translation of nodes and sketches, float32 a dimension: metrics euclidean and manhattan. */
  translation: 52,
  annoyNodes: 56,
  annoyRoots: 57,
  embeddingTable: 64,
  whitening: 65,
  columns: 80,
  keywordTerms: 96,
  keywordPostings: 97,
  /** Document length of each item, one byte. */
  keywordLengths: 98,
  /** Positions of words in documents, for phrases; may be missing. */
  keywordPositions: 99,
  /** Documents of each language, and the language of each item, where there are several. */
  keywordLanguages: 100,
  /** Shards only: the number in the whole index of each item, unsigned 32-bit, ascending. */
  shardItems: 112,
  /** Routers only: the shard of each item, a centroid, unsigned 16-bit. */
  shardOwners: 113,
  /** Changes only: items of the base that are gone, unsigned 32-bit, ascending. */
  removedItems: 128,
  /** Changes only: the words of those items' documents, laid out as section keywordTerms; no postings. */
  removedTerms: 129,
  /** Changes of an index in shards only: frequencies among all documents of the words that these are about. */
  wordTotals: 130,
  /** Synonyms, pinned and hidden documents, boosts. */
  curation: 144,
} as const;
export type SectionName = keyof typeof SECTIONS;

/** Marks a hole (an item number that was never added) in item to slot tables. */
export const NO_SLOT = 0xffff_ffff;
