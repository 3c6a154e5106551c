import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

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
