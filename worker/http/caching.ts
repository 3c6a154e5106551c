import type { Context } from "hono";
import type { AppEnv } from "./types.ts";

/**
 * Raised when an answer's bytes change although the version of the index does not, so that no cache takes the old
 * form for the new one.
 */
export const CONTRACT_REVISION = 1;

/**
 * Marks an answer as determined by its URL and the version of the index. Clients keep it but ask every time whether
 * the version still stands, which costs them a 304 and no search.
 */
export function markCacheable(
  c: Context<AppEnv>,
  version: string,
  visibility: "public" | "private" = "public",
): void {
  c.header("ETag", etagOf(version));
  c.header("Cache-Control", `${visibility}, max-age=0, must-revalidate`);
}

/**
 * Whether the client already holds the answer of this version: `If-None-Match` as RFC 9110 compares it, weakly. `*` asks
 * whether there is any answer at all, which only computing it tells: that gets the answer.
 */
export function isFresh(request: Request, version: string): boolean {
  const header = request.headers.get("if-none-match");
  if (header === null) return false;
  const wanted = etagOf(version).slice(2);
  return header.split(",").some((tag) => {
    const trimmed = tag.trim();
    return trimmed === wanted || trimmed === `W/${wanted}`;
  });
}

function etagOf(version: string): string {
  return `W/"${version}.${CONTRACT_REVISION}"`;
}
