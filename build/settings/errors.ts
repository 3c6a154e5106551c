import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

/** A setting that cannot be: the caller's mistake, found before any work is done. The command line exits with 2. */
export class OptionError extends AnnoyEdgeError {
  constructor(message: string, options?: ErrorOptions) {
    super("BAD_OPTION", message, options);
    this.name = "OptionError";
  }
}

/** Message of what was thrown, whatever it is. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
