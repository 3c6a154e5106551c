import { within } from "../core/time/wait.ts";
import type { AnswerCache } from "./types.ts";

/** Answers of a version never change; they go when they are old or room is needed. */
const MAX_AGE_SECONDS = 86_400;
/** The cache is a help, never a hindrance: a slower one is not waited for. */
const TIME_LIMIT_MS = 250;

/**
 * Key of a URL's answer in the data centre's cache. Its tag is part of it, so that a publish, a rollback or a
 * deployment leaves every older answer out of reach at once. The host exists nowhere.
 */
export function answerKey(index: string, tag: string, url: string): string {
  const { pathname, searchParams } = new URL(url);
  searchParams.sort();
  const query = searchParams.toString();
  return `https://annoy-edge.invalid/answers/${index}/${tag}${pathname}${query ? `?${query}` : ""}`;
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
