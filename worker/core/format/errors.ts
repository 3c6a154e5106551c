/** Base of every error this project throws on purpose: a clear sentence for people, a stable code for programs. */
export class AnnoyEdgeError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AnnoyEdgeError";
    this.code = code;
  }
}

export type ArtifactErrorCode =
  | "BAD_MAGIC"
  | "UNSUPPORTED_VERSION"
  | "TRUNCATED"
  | "BAD_HEADER"
  | "BAD_SECTION"
  | "MISSING_SECTION"
  | "CHECKSUM_MISMATCH"
  | "CORRUPT_FOREST"
  | "CORRUPT_VECTORS"
  | "CORRUPT_IDS"
  | "CORRUPT_META"
  | "CORRUPT_EMBEDDER"
  | "CORRUPT_PLACEMENT"
  | "CORRUPT_KEYWORDS"
  | "CORRUPT_COLUMNS"
  | "CORRUPT_CHANGES"
  | "CORRUPT_CURATION";

/** A file that is not an artifact, not whole, or not one that this reader understands. */
export class ArtifactError extends AnnoyEdgeError {
  declare readonly code: ArtifactErrorCode;

  constructor(code: ArtifactErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.name = "ArtifactError";
  }
}
