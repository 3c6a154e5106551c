import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";

export type ModelErrorCode =
  /** A file is missing or cannot be fetched. */
  | "MODEL_NOT_FOUND"
  /** A file is not what its name says. */
  | "BAD_MODEL"
  /** The model has a part that is not known here. */
  | "MODEL_UNSUPPORTED";

/** A model that cannot be made into a table. */
export class ModelError extends AnnoyEdgeError {
  declare readonly code: ModelErrorCode;

  constructor(code: ModelErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.name = "ModelError";
  }
}
