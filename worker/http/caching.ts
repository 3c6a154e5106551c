import { cacheUrl } from "../core/format/keys.ts";
import { within } from "../core/time/wait.ts";
import type { AnswerCache, AppContext } from "./types.ts";

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

/** Answers of a version never change; they go when they are old or room is needed. */
const MAX_AGE_SECONDS = 86_400;
/** The cache is a help, never a hindrance: a slower one is not waited for. */
const TIME_LIMIT_MS = 250;

/**
 * Key of a URL's answer in the data centre's cache. Its tag is part of it, so that a publish, a rollback or a
 * deployment leaves every older answer out of reach at once. The path is taken as it was sent, since
 * routes read it so: `x/%2e%2e/y` is another document than `y`, and a URL would make them one.
 */
export function answerKey(index: string, tag: string, url: string): string {
  const path = /^[^:]+:\/\/[^/?#]*([^?#]*)/.exec(url)?.[1] ?? "";
  const { searchParams } = new URL(url);
  searchParams.sort();
  const query = searchParams.toString();
  return cacheUrl(`answers/${index}/${tag}/${encodeURIComponent(path)}${query ? `?${query}` : ""}`);
}

/** The JSON of a kept answer; undefined when there is none or the cache fails or dawdles. */
export async function readAnswer(cache: AnswerCache, key: string): Promise<string | undefined> {
  const text = cache.match(key).then((response) => response?.text());
  return within(text, TIME_LIMIT_MS, () => undefined).catch(() => undefined);
}

/** Keeps the JSON of an answer. Best effort. */
export async function keepAnswer(cache: AnswerCache, key: string, json: string): Promise<void> {
  const headers = {
    "content-type": "application/json",
    "cache-control": `public, max-age=${MAX_AGE_SECONDS}`,
  };
  await cache.put(key, new Response(json, { headers })).catch(() => {});
}
