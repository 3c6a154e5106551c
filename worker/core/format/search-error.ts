import { AnnoyEdgeError } from "./errors.ts";

/** Codes of errors of a search. The first group is the caller's doing, the second the index's. */
export type SearchErrorCode =
  | "INVALID_TYPE"
  | "INVALID_VALUE"
  | "OUT_OF_RANGE"
  | "UNKNOWN_FIELD"
  | "MISSING_FIELD"
  | "DUPLICATE_FIELD"
  | "NO_QUERY"
  | "AMBIGUOUS_QUERY"
  | "EMPTY_QUERY"
  | "QUERY_TOO_LONG"
  | "DIMENSION_MISMATCH"
  | "INVALID_FILTER"
  | "FILTER_TOO_COMPLEX"
  | "UNKNOWN_FILTER_FIELD"
  | "FILTER_TYPE_MISMATCH"
  | "TOO_MUCH_WORK"
  | "ANSWER_TOO_LARGE"
  | "ITEM_NOT_FOUND"
  | "ID_NOT_FOUND"
  | "NO_EMBEDDER"
  | "EMBEDDER_MISMATCH"
  | "NO_KEYWORD_INDEX"
  | "NO_FILTERABLE_COLUMNS"
  | "NO_RERANKER"
  | "NOT_ACROSS_INDEXES"
  | "EMBEDDING_FAILED";

/** One fault of a request: where (`mmr.lambda`, `vector[3]`; empty for the request itself), which, and a sentence. */
export interface RequestIssue {
  readonly field: string;
  readonly code: SearchErrorCode;
  readonly message: string;
}

/** A search that cannot be answered as it was asked. */
export class SearchError extends AnnoyEdgeError {
  declare readonly code: SearchErrorCode;
  /** Every fault that was found; the error's own code and message are those of the first. */
  readonly issues: readonly RequestIssue[];

  constructor(issues: readonly [RequestIssue, ...RequestIssue[]], options?: ErrorOptions) {
    super(issues[0].code, issues[0].message, options);
    this.name = "SearchError";
    this.issues = issues;
  }
}

/** A {@link SearchError} with a single fault. */
export function searchError(
  code: SearchErrorCode,
  field: string,
  message: string,
  options?: ErrorOptions,
): SearchError {
  return new SearchError([{ field, code, message }], options);
}

/** Codes of requests that there is no room for, and of those that have been answered meanwhile. */
const REFUSALS: ReadonlySet<string> = new Set(["ISOLATE_BUSY", "TIMEOUT"]);

/** Whether a request may not take what it asks for, rather than that something is wrong with what was read for it. */
export function isRefusal(error: unknown): boolean {
  return error instanceof SearchError || (error instanceof AnnoyEdgeError && REFUSALS.has(error.code));
}

/** As much of a caller's text as an error repeats, in UTF-16 code units. */
const SHOWN = 60;

/** A text from a request as an error shows it: whole, or its beginning. An answer never echoes a megabyte. */
export function shortened(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN).toWellFormed()}…` : text;
}
