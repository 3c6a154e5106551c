import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

export type AnnoyFileErrorCode =
  /** The file's size or structure does not fit the metric and dimensions: wrong arguments, or a damaged file. */
  | "ANNOY_WRONG_LAYOUT"
  | "ANNOY_EMPTY_FILE"
  /** A vector has a coordinate that is not a finite number. */
  | "ANNOY_NOT_FINITE"
  | "ANNOY_UNREADABLE";

/** An `.ann` file that cannot be imported. */
export class AnnoyFileError extends AnnoyEdgeError {
  declare readonly code: AnnoyFileErrorCode;

  constructor(code: AnnoyFileErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.name = "AnnoyFileError";
  }
}

export type AnnoyIndexErrorCode =
  | "UNKNOWN_METRIC"
  | "UNKNOWN_LAYOUT"
  | "BAD_DIMENSIONS"
  | "BAD_ITEM"
  | "BAD_VECTOR"
  | "BAD_ARGUMENT"
  | "INDEX_LOADED"
  | "INDEX_BUILT"
  | "INDEX_BUILDING"
  | "INDEX_NOT_BUILT"
  | "INDEX_NOT_EMPTY";

/** A call that an index in its state, or with these arguments, refuses: where Annoy's Python raises. */
export class AnnoyIndexError extends AnnoyEdgeError {
  declare readonly code: AnnoyIndexErrorCode;

  constructor(code: AnnoyIndexErrorCode, message: string) {
    super(code, message);
    this.name = "AnnoyIndexError";
  }
}
