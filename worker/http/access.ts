import type { Access, Action } from "../core/access/token.ts";
import { parseFilter } from "../core/columns/parse.ts";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { toHex } from "../core/format/hex.ts";
import { matchesName } from "../core/format/keys.ts";
import { HttpError } from "./problems.ts";
import { type AppContext, type RequestState, stateOf } from "./types.ts";

/**
 * Restricts what a request may do, once or more: all of it holds. For middleware that knows who asks:
 * `await restrict(c, { filter: { tenant } })` before `await next()`. It holds from the call on, awaited or not.
 *
 * @throws HttpError `UNAUTHORIZED` when the filter is none
 * @throws AnnoyEdgeError `BAD_CONFIGURATION` outside of the option `auth`, where it would restrict nothing
 */
export async function restrict(c: AppContext, { indexes, actions, filter }: Access): Promise<void> {
  const state: RequestState | undefined = stateOf(c);
  if (!state) {
    const message = "restrict() works in the option auth of createApp, not in middleware around the app.";
    throw new AnnoyEdgeError("BAD_CONFIGURATION", message);
  }
  state.allowed = [...(state.allowed ?? []), { indexes, actions }];
  if (filter === undefined) return;
  let node: ReturnType<typeof parseFilter>;
  try {
    node = parseFilter(filter);
  } catch {
    throw new HttpError("UNAUTHORIZED", "The filter that restricts this caller is not a condition.");
  }
  const before = state.scope;
  state.scope = {
    filter: before ? { kind: "and", nodes: [before.filter, node] } : node,
    text: `${before?.text ?? ""}${JSON.stringify(filter)}`,
  };
}

/** Returns what differs for callers who may see other documents; empty where all may be seen. */
export async function scopeTag({ scope }: RequestState): Promise<string> {
  if (!scope) return "";
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(scope.text));
  return `.${toHex(new Uint8Array(digest))}`;
}

/** @throws HttpError `FORBIDDEN` */
export function requireAction(c: AppContext, action: Action): void {
  for (const { actions } of stateOf(c).allowed ?? []) {
    if (actions && !actions.includes(action)) {
      throw new HttpError("FORBIDDEN", `This key or token does not allow the action ${action}.`);
    }
  }
}

export function mayAsk(c: AppContext, index: string): boolean {
  return (stateOf(c).allowed ?? []).every(
    ({ indexes }) => !indexes || indexes.some((pattern) => matchesName(pattern, index)),
  );
}

/** @throws HttpError `FORBIDDEN` */
export function requireIndex(c: AppContext, index: string): void {
  if (mayAsk(c, index)) return;
  const message = `This key or token does not allow the index ${index}; others are under /v1/indexes/{name}/.`;
  throw new HttpError("FORBIDDEN", message);
}
