import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

/**
 * A document's JSON.
 *
 * @param where begins the message
 * @throws AnnoyEdgeError `BAD_DOCUMENT` for a cycle, a bigint, or a toJSON that throws
 */
export function jsonText(value: unknown, where: string): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new AnnoyEdgeError("BAD_DOCUMENT", `${where} has metadata that JSON cannot hold.`, { cause });
  }
}
