import { holdFacets } from "../../columns/facets.ts";
import type { FilterNode } from "../../columns/parse.ts";
import { distanceBetween } from "../../forest/metrics.ts";
import { SearchError } from "../../format/search-error.ts";
import type { Work } from "../../format/work.ts";
import { DOCUMENT_NS } from "../docstore.ts";
import type { LoadedIndex } from "../loaded-index.ts";
import { mergeRankings, shifted } from "../merge.ts";
import { type Searcher, type SearchOptions, timed } from "../searcher.ts";
import { type AskAgain, rankAgreed, type ShardAnswer } from "./agree.ts";
import { toDetail, toLocate, toPass, toRank } from "./batcher.ts";
import { connectTo, type ShardConnection, unavailable } from "./connection.ts";
import { type CachedItem, createItemCache, type ItemCache } from "./item-cache.ts";
import { shardQuery } from "./part.ts";
import { routeQuery } from "./route.ts";
import type { DetailsRequest, Located, ShardQuery, ShardRankings, ShardSet } from "./types.ts";
import { detailsNs, questionNs, rankingsNs } from "./work.ts";

export type ShardedIndex = LoadedIndex & { readonly shards: ShardSet };

/** Makes the searcher of an index whose items are in shards: it asks them, and keeps what they have answered. */
export function createShardSearcher(index: ShardedIndex, options: SearchOptions): Searcher {
  const { meta, readPlaced } = index.shards;
  const connection = connectTo(index.shards, options);
  const request: ShardRequest = {
    index,
    connection,
    cache: createItemCache(readPlaced && ((wanted) => readPlaced(wanted, options.work))),
    firstItemOf: (shard) => meta.list[shard]!.firstItem,
    work: options.work,
    ranked: false,
  };
  const { cache } = request;
  const vectors = async (items: readonly number[]) => {
    const known = await details(request, [{ items, documents: false, vectors: true }]);
    return items.map((item) => known.get(item)?.vector);
  };
  return {
    index,
    options,
    rank: (query, k, shown) =>
      timed("shards", options, () => rank(request, shardQuery(index, query, k, shown))),
    async documents(items) {
      options.work?.spend("answer", items.length * DOCUMENT_NS);
      const known = await details(request, [{ items, documents: true, vectors: false }]);
      return items.map((item) => {
        const { id, pageContent, metadata } = known.get(item) ?? {};
        return id === undefined || pageContent === undefined
          ? undefined
          : { id, pageContent, metadata: metadata ?? {} };
      });
    },
    async ids(items) {
      const known = await details(request, [{ items, documents: false, vectors: false }]);
      return items.map((item) => known.get(item)?.id ?? String(item));
    },
    vectors,
    distances: async (_, { items, distances }) => distances ?? items.map(() => Number.NaN),
    async distance(i, j) {
      const [a, b] = await vectors([i, j]);
      return a && b && distanceBetween(index.forest.metric, a, b);
    },
    itemOf: async (id) => (await locate(request, { id }))?.item,
    vectorOf: async (item) => (await locate(request, { item }))?.vector,
    passes: (items, filter) => passing(request, items, filter),
    shards: {
      asked: connection.asked,
      missing: connection.missing,
      async prefetch(wants) {
        await details(request, wants);
      },
      has(item, parts) {
        if (cache.has(item, parts)) return true;
        const home = cache.homeOf(item);
        return cache.items.has(item) && home !== undefined && !connection.missing.has(home);
      },
      addSearches: connection.addSearches,
      endSearch: connection.endSearch,
      wake: () => timed("shards", options, connection.wake),
    },
  };
}

interface ShardRequest {
  readonly index: ShardedIndex;
  readonly connection: ShardConnection;
  readonly cache: ItemCache;
  readonly firstItemOf: (shard: number) => number;
  readonly work: Work | undefined;
  /** Whether a ranking has been answered: shards that fall silent later cost their hits, and not the answer. */
  ranked: boolean;
}

/** Asks the shards that the query needs, has them agree on its words, and merges their rankings. */
async function rank(request: ShardRequest, query: ShardQuery): Promise<ShardRankings> {
  const { index, connection, cache, firstItemOf, work } = request;
  const { near, rest, ...effort } = routeQuery(index.shards, index.forest, query);
  const rankFrom = async (shards: readonly number[], changes: (shard: number) => Partial<ShardQuery>) => {
    const answers = await connection.ask(shards, async (shard): Promise<ShardAnswer> => {
      const own = { ...query, ...effort, ...changes(shard) };
      work?.spend("shards", questionNs(own));
      const rankings = shifted(await connection.put(shard, toRank(own)), firstItemOf(shard));
      for (const ranking of [rankings.vectors, rankings.words, rankings.listed])
        if (ranking) cache.setHome(ranking.items, shard);
      cache.setHome(rankings.curated?.pinned.map(({ item }) => item) ?? [], shard);
      cache.add(rankings.shown ?? [], shard, firstItemOf(shard));
      return { shard, rankings };
    });
    work?.spend(
      "shards",
      answers.reduce((sum, { rankings }) => sum + rankingsNs(rankings), 0),
    );
    return answers;
  };
  const lookUp = query.words !== undefined && query.probe === undefined && { lookUp: true };
  const routed = [...near, ...rest];
  const first = await rankFrom(routed, (shard) => ({
    ...lookUp,
    ...(!near.includes(shard) && { nearest: false }),
  })).catch((error: unknown) => {
    // The shards that are next nearest are better than no answer.
    const others = connection.everyone.filter((shard) => !routed.includes(shard));
    if (others.length === 0 || error instanceof SearchError) throw error;
    return rankFrom(others, () => ({ ...lookUp }));
  });
  request.ranked = true;
  const ask: AskAgain = (shards, changes) =>
    rankFrom(shards, changes).catch((error: unknown) => {
      // Shards that have fallen silent since cost their hits.
      if (error instanceof SearchError) throw error;
      return [];
    });
  const agreed = lookUp && (await rankAgreed(index, query, first, ask));
  const all = (agreed || { answers: first }).answers.map(({ rankings }) => rankings);
  const merged = mergeRankings(index.forest.metric, all, query.k);
  if (merged.facets) holdFacets(merged.facets, work);
  if (!agreed) return merged;
  const { terms, ordered } = agreed;
  return {
    ...merged,
    ...(merged.rare && { rare: ordered(merged.rare) }),
    ...(terms && { terms }),
    bounded: true,
  };
}

/** Details of items, by item, after asking for these; those of shards that do not answer are missing. */
async function details(
  request: ShardRequest,
  wants: readonly DetailsRequest[],
): Promise<ReadonlyMap<number, CachedItem>> {
  const { connection, cache, firstItemOf } = request;
  const { everyone, missing } = connection;
  await cache.readPlaced(wants);
  const missed = cache.missingOf(wants, everyone);
  const askFor = async (shard: number): Promise<void> => {
    const first = firstItemOf(shard);
    let requests = missed.get(shard)!;
    // A call has a limit of bytes.
    for (let again = false; requests.length > 0; again = true) {
      const answers = requests.map((one) =>
        connection.put(shard, toDetail({ ...one, items: one.items.map((item) => item - first) })),
      );
      if (again) connection.wait();
      const got = await Promise.all(answers);
      for (const part of got) {
        request.work?.spend("shards", detailsNs(part.details));
        cache.add(part.details, shard, first);
      }
      requests = requests.flatMap((one, i) => {
        const rest = got[i]!.rest.map((item) => item + first);
        return rest.length > 0 ? [{ ...one, items: rest }] : [];
      });
    }
  };
  await connection.ask([...missed.keys()], askFor).catch((error: unknown) => {
    // Hits of a shard that has fallen silent since are missing; an item that was asked for by itself must not be.
    if (!request.ranked || error instanceof SearchError) throw error;
  });
  const lacking = wants.some(({ items }) => items.some((item) => !cache.items.has(item)));
  if (!request.ranked && missing.size > 0 && lacking) throw unavailable(missing);
  return cache.items;
}

/** Whether each item passes the filter. Fails when a shard that might have one of them does not answer. */
async function passing(
  { index, connection, cache, firstItemOf }: ShardRequest,
  items: readonly number[],
  filter: FilterNode,
): Promise<readonly boolean[]> {
  const { everyone, missing } = connection;
  const fields = (index.manifest.columns ?? []).map(({ field }) => field);
  const homes = items.map((item) => cache.homeOf(item));
  const asked = homes.includes(undefined) ? everyone : [...new Set(homes as number[])];
  const answers = await connection.ask(asked, async (shard) => {
    const first = firstItemOf(shard);
    const own = items.filter((_, i) => (homes[i] ?? shard) === shard).map((item) => item - first);
    const passed = await connection.put(shard, toPass({ items: own, filter, fields }));
    return passed.map((item) => item + first);
  });
  const passed = new Set(answers.flat());
  const unsure = items.some((item, i) => {
    const home = homes[i];
    return !passed.has(item) && (home === undefined ? missing.size > 0 : missing.has(home));
  });
  if (unsure) throw unavailable(missing);
  return items.map((item) => passed.has(item));
}

/** Finds an item in the shards; undefined when none has it. Fails when one that might have it does not answer. */
async function locate(
  { connection, cache, firstItemOf }: ShardRequest,
  wanted: Located,
): Promise<CachedItem | undefined> {
  const known = "item" in wanted ? cache.items.get(wanted.item) : undefined;
  if (known?.vector) return known;
  const { everyone, missing } = connection;
  const reachable = everyone.filter((shard) => !("item" in wanted) || wanted.item >= firstItemOf(shard));
  // The first that has it answers for all: the others need not be waited for.
  return new Promise((resolve, reject) => {
    const asking = connection.ask(reachable, async (shard) => {
      const first = firstItemOf(shard);
      const own = "item" in wanted ? { item: wanted.item - first } : wanted;
      const answer = await connection.put(shard, toLocate(own));
      if (!answer) return;
      cache.add([answer], shard, first);
      resolve(cache.items.get(answer.item + first));
    });
    asking.then(() => {
      if (missing.size === 0) resolve(undefined);
      else reject(unavailable(missing));
    }, reject);
  });
}
