import { AnnoyEdgeError } from "../../format/errors.ts";
import { type RequestIssue, SearchError } from "../../format/search-error.ts";

/** Outcome of a call, as plain data: errors lose their codes in remote calls, values do not. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      readonly issues?: readonly RequestIssue[];
    };

/** Runs a call for the other side. An error that was not thrown on purpose loses its message, which may hold too much. */
export async function outcomeOf<T>(run: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    if (error instanceof SearchError) {
      return { ok: false, code: error.code, message: error.message, issues: error.issues };
    }
    if (error instanceof AnnoyEdgeError) return { ok: false, code: error.code, message: error.message };
    console.error(error);
    return { ok: false, code: "SHARD_FAILED", message: "A shard could not answer because of a fault in it." };
  }
}

/** The value of an outcome. @throws the error that it stands for: a SearchError or an AnnoyEdgeError */
export function openOutcome<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  const [first, ...rest] = outcome.issues ?? [];
  if (first) throw new SearchError([first, ...rest]);
  throw new AnnoyEdgeError(outcome.code, outcome.message);
}
