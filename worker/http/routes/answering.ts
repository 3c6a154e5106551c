import { openSearcher } from "../../core/search/open-searcher.ts";
import { scopeSearcher } from "../../core/search/scope.ts";
import { countShards, type Searcher, type SearchPhase } from "../../core/search/searcher.ts";
import { regionOf } from "../../core/search/shards/regions.ts";
import { requireIndex, scopeTag } from "../access.ts";
import { answerKey, answerTag, isFresh, keepAnswer, markCacheable, readAnswer } from "../caching.ts";
import { addTiming } from "../headers.ts";
import { LARGE_BYTES } from "../sending.ts";
import { type AppContext, type IndexSource, lifetimeOf, stateOf } from "../types.ts";

/** The index that a request's path names, or the first. @throws AnnoyEdgeError `INDEX_NOT_FOUND` */
export async function sourceOf(c: AppContext, name = c.req.param("index")): Promise<IndexSource> {
  // Before it is looked for: who may not ask an index is not told whether it is served.
  if (name !== undefined) requireIndex(c, name);
  const source = await stateOf(c).service.indexes.open(name);
  if (name === undefined) requireIndex(c, source.name);
  stateOf(c).index = source.name;
  return source;
}

/** Runs `run` with a searcher of the index, its loading timed and its version noted for the answer's headers. */
export async function withSearcher<R>(
  c: AppContext,
  run: (searcher: Searcher) => R | Promise<R>,
  name?: string,
): Promise<R> {
  const source = await sourceOf(c, name);
  return source.use(lifetimeOf(c), async ({ value, waitedMs }) => {
    addTiming(c, "load", waitedMs);
    stateOf(c).version = value.version;
    // Reading `cf` makes an object of all that Cloudflare knows of a request; only shards ask where it came from.
    const from = value.shards ? regionOf((c.req.raw as { cf?: unknown }).cf) : undefined;
    const onPhase = (phase: SearchPhase, ms: number) => addTiming(c, phase, ms);
    const { scope } = stateOf(c);
    const whole = openSearcher(value, {
      onPhase,
      work: stateOf(c).work,
      reranker: stateOf(c).service.reranker,
      ...(from && { from }),
    });
    const searcher = scope ? scopeSearcher(whole, scope.filter) : whole;
    try {
      return await run(searcher);
    } finally {
      const { shards } = searcher;
      if (shards && shards.asked.size > 0) stateOf(c).shards = countShards(shards);
    }
  });
}

/**
 * Answers a GET whose body depends on nothing but its URL, the version and this code. Without computing it when the client holds
 * it already (304) or the data centre's cache does.
 */
export function versionedGet(
  c: AppContext,
  compute: (searcher: Searcher) => object | Promise<object>,
): Promise<Response> {
  return withSearcher(c, async (searcher) => {
    const { index } = searcher;
    const { service } = stateOf(c);
    // Callers who may see other documents get other answers, under other tags.
    const tag = answerTag(index.version, service.revision) + (await scopeTag(stateOf(c)));
    const visibility = service.auth ? "private" : "public";
    if (isFresh(c.req.raw, tag)) {
      markCacheable(c, tag, visibility);
      return c.body(null, 304);
    }
    const json = await cachedJson(c, index.name, tag, async () => JSON.stringify(await compute(searcher)));
    if (stateOf(c).fleeting) c.header("Cache-Control", "no-store");
    else markCacheable(c, tag, visibility);
    return c.body(json, 200, { "Content-Type": "application/json" });
  });
}

async function cachedJson(
  c: AppContext,
  name: string,
  tag: string,
  compute: () => Promise<string>,
): Promise<string> {
  const state = stateOf(c);
  const { cache } = state.service;
  if (!cache) return compute();
  const key = answerKey(name, tag, c.req.url);
  const kept = await readAnswer(cache, key);
  state.cache = kept === undefined ? "miss" : "hit";
  if (kept !== undefined) {
    if (kept.length >= LARGE_BYTES) state.reserve(kept.length);
    return kept;
  }
  const json = await compute();
  if (!state.fleeting) lifetimeOf(c).waitUntil(keepAnswer(cache, key, json));
  return json;
}
