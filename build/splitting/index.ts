export {
  type Chunk,
  checkSplitting,
  SPLITTERS,
  type SplitOptions,
  type SplitterName,
  splitDocuments,
} from "./split.ts";
