export { CSV_TYPES, type CsvTypes } from "./csv.ts";
export { SourceError, type SourceErrorCode } from "./errors.ts";
export { findFiles } from "./files.ts";
export { type ReadOptions, readSources } from "./read.ts";
export type { SourceDocument, SourceFile, SourceKind } from "./types.ts";
