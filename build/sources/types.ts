/** Kind of a document; splitting chooses by it. `row`: a line of JSONL or CSV, whole as it stands. */
export type SourceKind = "row" | "text" | "markdown" | "html";

/** A document as a source gives it. LangChain's `Document` with, perhaps, a vector. */
export interface SourceDocument {
  /** The row's own, or the file's path. Rows without one get theirs from their content later. */
  readonly id?: string;
  readonly pageContent: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly vector?: readonly number[];
  readonly kind: SourceKind;
}

/** A file to read. */
export interface SourceFile {
  /** Path of the file. */
  readonly path: string;
  /** Its path relative to what was asked for, forward slashes: metadata `source`, and the id of a whole file. */
  readonly source: string;
}
