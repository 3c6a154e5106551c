export {
  CHUNK_UNITS,
  type Chunk,
  type ChunkTokens,
  type ChunkUnit,
  checkSplitting,
  SPLITTERS,
  type SplitOptions,
  type SplitterName,
  splitDocuments,
} from "./split.ts";
