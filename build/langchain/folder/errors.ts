import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";

export type LangchainFolderErrorCode =
  /** The pickle names a class or function that no LangChain index needs. Nothing of it was run. */
  | "PICKLE_REFUSED"
  | "PICKLE_CORRUPT"
  /** Values nested or repeated beyond all reason. */
  | "PICKLE_TOO_LARGE"
  /** A pickle, but not of a LangChain Annoy store. */
  | "NOT_LANGCHAIN"
  | "LANGCHAIN_INCOMPLETE"
  | "CANNOT_READ";

/** A folder that LangChain's Annoy store did not write, or that is damaged or hostile. */
export class LangchainFolderError extends AnnoyEdgeError {
  declare readonly code: LangchainFolderErrorCode;

  constructor(code: LangchainFolderErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.name = "LangchainFolderError";
  }
}
