import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

export type SourceErrorCode =
  | "SOURCE_NOT_FOUND"
  | "SOURCE_EMPTY"
  | "UNSUPPORTED_SOURCE"
  | "UNREADABLE_SOURCE"
  | "LINK_OUTSIDE"
  | "INVALID_UTF8"
  | "LINE_TOO_LONG"
  | "BAD_JSON"
  | "BAD_ROW"
  | "BAD_CSV"
  | "BAD_FRONT_MATTER"
  | "BAD_VECTOR"
  | "MISSING_VECTOR"
  | "DUPLICATE_ID";

/** A source that cannot be read as documents; the message names file and line. */
export class SourceError extends AnnoyEdgeError {
  declare readonly code: SourceErrorCode;

  constructor(code: SourceErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.name = "SourceError";
  }
}

/** A failure of the file system while reading `path`. */
export function unreadable(path: string, cause: unknown): SourceError {
  if (cause instanceof SourceError) return cause;
  const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return new SourceError("UNREADABLE_SOURCE", `${path} cannot be read${code}.`, { cause });
}

/** A longer row is no document: KV takes values of 25 MiB. */
export const MAX_ROW_BYTES = 25 << 20;

export function rowTooLong(source: string, line: number): SourceError {
  return new SourceError(
    "LINE_TOO_LONG",
    `${source}, line ${line}: the row is longer than ${MAX_ROW_BYTES} bytes (25 MiB), more than KV takes for one document. Cut it into rows.`,
  );
}
