import type { AppContext } from "./types.ts";

/** Tag of answers: the version of the index, and the code that answers. */
export function answerTag(version: string, revision = "0"): string {
  return `${version}.${revision}`;
}

/**
 * Marks an answer as determined by its URL and `tag`. Clients keep it but ask every time whether the tag still stands,
 * which costs them a 304 and no search.
 */
export function markCacheable(c: AppContext, tag: string, visibility: "public" | "private" = "public"): void {
  c.header("ETag", `W/"${tag}"`);
  c.header("Cache-Control", `${visibility}, max-age=0, must-revalidate`);
  if (visibility === "private") c.header("Vary", "Authorization, X-API-Key", { append: true });
}

/**
 * Whether the client already holds the answer with this tag: `If-None-Match` as RFC 9110 compares it, weakly. `*` asks
 * whether there is any answer at all, which only computing it tells: that gets the answer.
 */
export function isFresh(request: Request, tag: string): boolean {
  const header = request.headers.get("if-none-match");
  if (header === null) return false;
  const wanted = `"${tag}"`;
  return header.split(",").some((given) => {
    const trimmed = given.trim();
    return trimmed === wanted || trimmed === `W/${wanted}`;
  });
}
