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
