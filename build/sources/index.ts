export { CSV_TYPES, type CsvTypes } from "./csv.ts";
export { SourceError } from "./errors.ts";
export { readSources } from "./read.ts";
export type { SourceDocument } from "./types.ts";
