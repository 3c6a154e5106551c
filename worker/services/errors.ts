import { AnnoyEdgeError } from "../core/format/errors.ts";

export type EmbeddingErrorCode =
  /** The key is missing, wrong or may not do this. */
  | "EMBEDDER_UNAUTHORIZED"
  /** The service will never take this request. */
  | "EMBEDDER_REJECTED"
  | "EMBEDDER_RATE_LIMITED"
  | "EMBEDDER_UNAVAILABLE"
  | "EMBEDDER_TIMEOUT"
  /** It answered with something that is not the vectors asked for. */
  | "BAD_EMBEDDING"
  /** It is not the embedder that made the index's vectors. */
  | "EMBEDDER_MISMATCH";

/** A service that did not embed. Messages never hold a key. */
export class EmbeddingError extends AnnoyEdgeError {
  declare readonly code: EmbeddingErrorCode;
  /** HTTP status of the last answer; undefined when there was none. */
  readonly status: number | undefined;

  constructor(code: EmbeddingErrorCode, message: string, options: ErrorOptions & { status?: number } = {}) {
    super(code, message, options);
    this.name = "EmbeddingError";
    this.status = options.status;
  }
}
