import { type FieldValue, joinValues } from "../columns/order.ts";
import type { KeywordQuery } from "../keyword/query.ts";
import { append, type Combined, combine } from "./combine.ts";
import { type Moved, pin, withRules } from "./curation/apply.ts";
import { FUSION_DEPTH } from "./fusion.ts";
import { maximalMarginalRelevance } from "./mmr.ts";
import { type Query, rankedWords } from "./query.ts";
import { firstOf, pickFrom, type Ranking, type Rankings } from "./ranking.ts";
import { phraseCheck } from "./read-text.ts";
import { MAX_K } from "./schema.ts";
import type { Exactness, Searcher } from "./searcher.ts";
import type { Rule, SearchRequest } from "./types.ts";

/** Work of multiplying two coordinates, in nanoseconds. */
const PRODUCT_NS = 2;

/** Items that a ranking to some depth has found, and their order; documents unread. */
export interface Ranked extends Combined {
  /** Rankings by words and by the vector. */
  readonly rankings: Rankings;
  /** Vectors in the cold part could not be read: distances are estimates. */
  readonly estimated: boolean;
}

/** A page, cut out of what was ranked. */
export interface PageCut extends Ranked {
  /** Hits, or with `groupBy` groups, on this page and those before it, as far as they were ranked. */
  readonly found: number;
  /** With `groupBy`: the groups of the page's hits. */
  readonly groups?: readonly { readonly value: FieldValue; readonly items: readonly number[] }[];
  /** All that pages lead to, where the ranking of one has reached its end. */
  readonly end?: PageEnd;
  /** Values of the fields to sort by, as the answer shows them. */
  readonly sortValues?: ReadonlyMap<number, readonly FieldValue[]>;
}

export interface PageEnd {
  readonly documents: number;
  readonly groups?: number;
}

/** Ranks to a depth. Where the index has no positions, the phrases of the query are checked against the documents. */
export async function rankAll(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
  depth: number,
): Promise<Ranked> {
  const check = textCheck(searcher, rankedWords(query));
  // Some of the hits will not hold the phrase.
  const ranked = await rankTo(searcher, query, request, check ? Math.min(MAX_K, depth * 4) : depth);
  if (!check) return ranked;
  const rankings = await withoutExcludedPins(searcher, query, ranked.rankings);
  return { ...ranked, rankings, ranking: await holding(searcher, ranked.ranking, check) };
}

/** The rankings without pinned documents that hold a quoted text which the query excludes. A quoted text that is wanted drops no pin. */
async function withoutExcludedPins(searcher: Searcher, query: Query, rankings: Rankings): Promise<Rankings> {
  const words = rankedWords(query);
  const { curated } = rankings;
  const check = textCheck(searcher, words && { ...words, phrases: [] });
  if (!curated || curated.pinned.length === 0 || !check) return rankings;
  const documents = await searcher.documents(curated.pinned.map(({ item }) => item));
  const pinned = curated.pinned.filter((_, i) => check(documents[i]?.pageContent ?? ""));
  return { ...rankings, curated: { ...curated, pinned } };
}

/** A ranking with the pinned documents of the query in front, and how many these are. */
export function withPins(
  { index }: Searcher,
  { curation }: Query,
  { ranking, rules, rankings }: Ranked,
): Moved & { readonly pinned: number } {
  const pinned = rankings.curated?.pinned ?? [];
  if (pinned.length === 0) return { ranking, rules, pinned: 0 };
  const messages = curation?.pins.map(({ message }) => message) ?? [];
  const moved = pin(index, ranking, pinned, messages);
  return { ranking: moved.ranking, rules: withRules(rules, moved.rules), pinned: pinned.length };
}

/** Check by its text whether a document holds the phrases of a query; undefined where the index knows. */
export function textCheck(
  { index: { words }, options }: Searcher,
  query: KeywordQuery | undefined,
): ((text: string) => boolean) | undefined {
  return query && words && !words.positions ? phraseCheck(words.language, query, options.work) : undefined;
}

/** The ranked items whose documents pass a check. */
export async function holding(
  searcher: Searcher,
  ranking: Ranking,
  check: (text: string) => boolean,
): Promise<Ranking> {
  const documents = await searcher.documents(ranking.items);
  const held = [...ranking.items.keys()].filter((i) => check(documents[i]?.pageContent ?? ""));
  return pickFrom(ranking, held);
}

/** Ranks and chooses by marginal relevance. */
async function rankTo(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
  depth: number,
): Promise<Ranked> {
  const { mmr } = request;
  const { vector } = query;
  const found = await rankConsistently(searcher, query, request, depth);
  const { ranking, rules, rankings } = found;
  if (!mmr || !vector) return { ...found, ranking: firstOf(ranking, depth) };
  const exactness: Exactness = { estimated: rankings.estimated ?? false };
  const chosen = await diversify(searcher, ranking, vector, { ...mmr, k: depth }, exactness);
  return {
    ...found,
    rules: withRules(rules, new Map(diversityRules(ranking, chosen))),
    ranking: chosen,
    estimated: exactness.estimated,
  };
}

/**
 * Ranks so that all pages of one search are cut from one order. A ranking by words does not depend on the depth. One by vectors
 * does, so with an offset the depth is always {@link MAX_K}. In mode hybrid the first {@link FUSION_DEPTH} come from a ranking to
 * that depth whatever the page, and the rest from one to {@link MAX_K}. Boosts and the query's language move items within that
 * depth, in every mode.
 */
async function rankConsistently(
  searcher: Searcher,
  query: Query,
  { offset, mmr, include }: SearchRequest,
  depth: number,
): Promise<Ranked> {
  const wanted = Math.max(depth, mmr?.fetchK ?? 0);
  const shown = {
    among: wanted,
    documents: include.some((part) => part !== "vector"),
    vectors: mmr !== undefined || include.includes("vector"),
  };
  const { index, shards } = searcher;
  const search = async (k: number): Promise<Ranked> => {
    const rankings = await searcher.rank(query, k, shown);
    const estimated = rankings.estimated ?? false;
    return { rankings, estimated, ...combine(index, query, rankings) };
  };
  const boosted = (query.curation?.boosts.length ?? 0) > 0;
  const isOfOneLanguage = (index.manifest.keyword?.languages?.length ?? 0) <= 1;
  if (query.mode === "keyword" && !boosted && isOfOneLanguage) return search(wanted);
  if (query.mode === "vector" && !boosted) return search(offset === undefined ? wanted : MAX_K);
  if (offset === undefined || wanted <= FUSION_DEPTH) return search(Math.max(wanted, FUSION_DEPTH));
  // At once, so that one call asks a shard for both. The deeper one first: the other begins with what it has found.
  shards?.addSearches(1);
  const [far, near] = await Promise.all([
    search(MAX_K),
    search(FUSION_DEPTH).finally(() => shards?.endSearch()),
  ]);
  const values = joinValues([near.rankings.values, far.rankings.values]);
  return {
    ...append(near, far),
    rankings: { ...near.rankings, ...far.rankings, ...(values && { values }) },
    estimated: near.estimated || far.estimated,
  };
}

/** Chooses k of the first `fetchK` by maximal marginal relevance. */
async function diversify(
  searcher: Searcher,
  ranking: Ranking,
  query: Float32Array,
  { fetchK, lambda, k }: NonNullable<SearchRequest["mmr"]> & { readonly k: number },
  exactness: Exactness,
): Promise<Ranking> {
  const positions: number[] = [];
  const vectors: Float32Array[] = [];
  const fetched = await searcher.vectors(ranking.items.slice(0, fetchK), exactness);
  for (const [i, vector] of fetched.entries()) {
    if (!vector) continue;
    positions.push(i);
    vectors.push(vector);
  }
  const compared = vectors.length * Math.min(k, vectors.length) * query.length;
  searcher.options.work?.spend("diversity", compared * PRODUCT_NS);
  const chosen = maximalMarginalRelevance(query, vectors, lambda, k);
  return pickFrom(
    ranking,
    chosen.map((i) => positions[i]!),
  );
}

/** Notes the items that stand elsewhere than by relevance alone. */
function diversityRules(ranking: Ranking, chosen: Ranking): [number, Rule[]][] {
  return chosen.items.flatMap((item, i): [number, Rule[]][] => {
    const before = ranking.items.indexOf(item);
    const message = `Chosen by marginal relevance; by relevance alone rank ${before + 1}.`;
    return before === i ? [] : [[item, [{ rule: "diversity", message }]]];
  });
}
