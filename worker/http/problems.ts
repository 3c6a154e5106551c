import type { ContentfulStatusCode } from "hono/utils/http-status";
import { AnnoyEdgeError, ArtifactError } from "../core/format/errors.ts";
import { SearchError, type SearchErrorCode } from "../core/format/search-error.ts";
import type { Problem } from "./schemas.ts";

/** Faults of a request as such, before anything is searched. */
export type HttpErrorCode =
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "INVALID_JSON"
  | "BODY_TOO_LARGE"
  | "BODY_TIMEOUT"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "RATE_LIMITED"
  | "ISOLATE_BUSY"
  | "TIMEOUT";

/** A request that is refused before it reaches the search. */
export class HttpError extends AnnoyEdgeError {
  declare readonly code: HttpErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: HttpErrorCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(code, message);
    this.name = "HttpError";
    this.headers = headers;
  }
}

type Kind = readonly [status: ContentfulStatusCode, title: string];

type Kinds = Readonly<Record<string, Kind>>;

/** Problems of a request whatever the index. */
const REQUEST_KINDS = {
  INVALID_TYPE: [400, "A field has the wrong type"],
  INVALID_VALUE: [400, "A field has a value that is not one of those allowed"],
  OUT_OF_RANGE: [400, "A field is outside its range"],
  UNKNOWN_FIELD: [400, "The request has a field that does not exist"],
  NO_QUERY: [400, "The request does not say what to search for"],
  AMBIGUOUS_QUERY: [400, "The request says in several ways what to search for"],
  EMPTY_QUERY: [400, "The query has no text"],
  QUERY_TOO_LONG: [400, "The query is too long"],
  INVALID_FILTER: [400, "The filter is not a condition"],
  FILTER_TOO_COMPLEX: [400, "The filter has too many conditions"],
  TOO_MUCH_WORK: [400, "The request takes too much work"],
  ANSWER_TOO_LARGE: [400, "The answer would be too large"],
} as const satisfies Kinds;

/** Problems of a request that does not fit the index. */
const INDEX_KINDS = {
  DIMENSION_MISMATCH: [400, "The vector's length is not the index's"],
  UNKNOWN_FILTER_FIELD: [400, "The field is not filterable"],
  FILTER_TYPE_MISMATCH: [400, "The filter compares a field with a value of another type"],
  NO_EMBEDDER: [400, "The index cannot be searched by text"],
  EMBEDDER_MISMATCH: [400, "The Worker's embedder is not the index's"],
  NO_KEYWORD_INDEX: [400, "The index has no keyword index"],
  NO_RERANKER: [400, "No reranker is set up"],
  NO_FILTERABLE_COLUMNS: [400, "The index has no filterable fields"],
  NOT_ACROSS_INDEXES: [400, "Several indexes cannot be asked this together"],
  INDEX_NOT_FOUND: [404, "No such index is served"],
  ITEM_NOT_FOUND: [404, "The index has no such item"],
  ID_NOT_FOUND: [404, "The index has no document with this id"],
  EMBEDDING_FAILED: [502, "The embedder did not answer"],
} as const satisfies Kinds;

/** Problems of a body. */
const BODY_KINDS = {
  INVALID_JSON: [400, "The body is not JSON"],
  BODY_TOO_LARGE: [413, "The body is too large"],
  BODY_TIMEOUT: [408, "The body took too long to arrive"],
  UNSUPPORTED_MEDIA_TYPE: [415, "The body's media type is not JSON"],
} as const satisfies Kinds;

/** Problems of any route which needs the index. */
const COMMON_KINDS = {
  BAD_CONFIGURATION: [503, "The service is not set up correctly"],
  TIMEOUT: [504, "The answer took too long"],
  UNAUTHORIZED: [401, "An API key is needed"],
  FORBIDDEN: [403, "The key or token does not allow this"],
  RATE_LIMITED: [429, "Too many requests"],
  ISOLATE_BUSY: [503, "Too many large requests at once"],
  INDEX_NOT_PUBLISHED: [503, "No version of the index is published"],
  INDEX_LOADING: [503, "The index is still being loaded"],
  INDEX_UNAVAILABLE: [503, "The index cannot be loaded"],
  VECTORS_UNAVAILABLE: [503, "The vectors cannot be read at the moment"],
  SHARDS_UNAVAILABLE: [503, "The index's shards do not answer"],
  DOCUMENTS_UNAVAILABLE: [503, "The documents cannot be read at the moment"],
  INTERNAL_ERROR: [500, "Something went wrong here"],
} as const satisfies Kinds;

/** Every code that this API answers with on purpose; `/docs` lists them. */
export const PROBLEM_KINDS: Readonly<Record<Code, Kind>> = {
  ...REQUEST_KINDS,
  MISSING_FIELD: [400, "A field is missing"],
  DUPLICATE_FIELD: [400, "A parameter is given more than once"],
  NOT_FOUND: [404, "There is nothing at this path"],
  METHOD_NOT_ALLOWED: [405, "The path does not take this method"],
  ...INDEX_KINDS,
  ...BODY_KINDS,
  ...COMMON_KINDS,
};

type Code = SearchErrorCode | HttpErrorCode | keyof typeof INDEX_KINDS | keyof typeof COMMON_KINDS;

export const REQUEST_CODES = codesOf(REQUEST_KINDS);
export const INDEX_CODES = codesOf(INDEX_KINDS);
export const BODY_CODES = codesOf(BODY_KINDS);
export const COMMON_CODES = codesOf(COMMON_KINDS);

function codesOf<K extends Kinds>(kinds: K) {
  return Object.keys(kinds) as readonly (keyof K & Code)[];
}

export interface ProblemAnswer {
  readonly problem: Problem;
  readonly status: ContentfulStatusCode;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the fault is ours, and its cause is worth a line in the log. */
  readonly unexpected: boolean;
}

/**
 * Any thrown thing as an answer. What was not thrown on purpose is reported without its message, which may tell too much.
 *
 * @param base path that the reference lies under
 */
export function problemOf(error: unknown, instance: string, base = ""): ProblemAnswer {
  const { code, detail, unexpected } = describe(error);
  const [status, title] =
    PROBLEM_KINDS[code as keyof typeof PROBLEM_KINDS] ?? PROBLEM_KINDS.INDEX_UNAVAILABLE;
  return {
    status,
    problem: {
      type: `${base}/docs#${code}`,
      title,
      status,
      detail,
      instance,
      code,
      ...(error instanceof SearchError && { errors: [...error.issues] }),
    },
    headers: {
      ...(status === 503 && { "retry-after": "5" }),
      ...(error instanceof HttpError && error.headers),
    },
    unexpected,
  };
}

/** Titles of an index that is not there: no fault of this side. */
const EXPECTED: ReadonlySet<string> = new Set(["INDEX_NOT_PUBLISHED", "INDEX_NOT_FOUND", "ISOLATE_BUSY"]);

function describe(error: unknown): { code: string; detail: string; unexpected: boolean } {
  if (error instanceof SearchError || error instanceof HttpError) {
    return { code: error.code, detail: error.message, unexpected: false };
  }
  // What the reader of the index throws: nothing published, or files that fail their checks.
  if (error instanceof ArtifactError) {
    return { code: "INDEX_UNAVAILABLE", detail: error.message, unexpected: true };
  }
  if (error instanceof AnnoyEdgeError) {
    // The reader has more words for why than the contract has.
    const code = Object.hasOwn(PROBLEM_KINDS, error.code) ? error.code : "INDEX_UNAVAILABLE";
    return { code, detail: error.message, unexpected: !EXPECTED.has(code) };
  }
  const detail =
    "The request could not be answered because of a fault on this side. It may work when sent again.";
  return { code: "INTERNAL_ERROR", detail, unexpected: true };
}
