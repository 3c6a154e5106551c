import { joinValues } from "../columns/order.ts";
import type { FusionMeta, StoredDocument } from "../format/meta.ts";

import { boost, type Moved, pin, withRules } from "./curation/apply.ts";
import { DEFAULT_FUSION, FUSION_DEPTH, fuse, fusionFor } from "./fusion.ts";
import { createItemNumbers, type ItemNumbers } from "./item-numbers.ts";
import { hasLanguages, preferLanguage } from "./languages.ts";
import { type LoadedIndex, lacksPositions, languageOf } from "./loaded-index.ts";
import { maximalMarginalRelevance } from "./mmr.ts";
import { type Query, rankedWords } from "./query.ts";
import {
  firstOf,
  NO_RANKING,
  normalised,
  pickFrom,
  type Ranking,
  type Rankings,
  scoreOf,
} from "./ranking.ts";
import { promoteRare } from "./rare.ts";
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

/** Ranks by a query as it stands: what its phrases ask for is held against documents where the index cannot tell. */
export async function rankAll(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
  depth: number,
): Promise<Ranked> {
  const check = textCheck(searcher, query);
  // Some of the hits will not hold the phrase.
  const ranked = await rankTo(searcher, query, request, check ? Math.min(MAX_K, depth * 4) : depth);
  if (!check) return ranked;
  const rankings = await withoutExcludedPins(searcher, query, ranked.rankings);
  return { ...ranked, rankings, ranking: await holding(searcher, ranked.ranking, check) };
}

/** The findings without pinned documents that hold a quoted text which the query excludes. A quoted text alone drops no pin. */
async function withoutExcludedPins(searcher: Searcher, query: Query, rankings: Rankings): Promise<Rankings> {
  const words = rankedWords(query);
  const { curated } = rankings;
  const { index, options } = searcher;
  const check = words && phraseCheck(languageOf(index), { ...words, phrases: [] }, options.work);
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
  const messages = curation?.pins.map(({ message }) => message) ?? [];
  const moved = pin(index, ranking, pinned, messages);
  return { ranking: moved.ranking, rules: withRules(rules, moved.rules), pinned: pinned.length };
}

/** Check by its text whether a document holds the query's phrases; undefined where the index knows. */
export function textCheck(
  { index, options }: Searcher,
  query: Query,
): ((text: string) => boolean) | undefined {
  const words = rankedWords(query);
  return words && lacksPositions(index) ? phraseCheck(languageOf(index), words, options.work) : undefined;
}

/** The ranked items whose documents pass a check. */
export async function holding(
  searcher: Searcher,
  ranking: Ranking,
  check: (text: string) => boolean,
): Promise<Ranking> {
  const documents: readonly (StoredDocument | undefined)[] = await searcher.documents(ranking.items);
  const held = [...ranking.items.keys()].filter((i) => check(documents[i]?.pageContent ?? ""));
  return pickFrom(ranking, held);
}

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
 * Ranks so that all pages of one search are cut from one order. What the words alone find does not depend on the depth.
 * The vectors' candidates do, so with an offset they are always the same number; and so do both together, of which the
 * first {@link FUSION_DEPTH} come from a ranking to that depth whatever the page, and the rest from a deep one. Boosts and
 * the query's language move what is found so deep, in every mode.
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
  const search = async (k: number): Promise<Ranked> => {
    const rankings = await searcher.rank(query, k, shown);
    const estimated = rankings.estimated ?? false;
    return { rankings, estimated, ...combine(searcher.index, query, rankings) };
  };
  const boosted = (query.curation?.boosts.length ?? 0) > 0;
  if (query.mode === "keyword" && !boosted && !hasLanguages(searcher.index)) return search(wanted);
  if (query.mode === "vector" && !boosted) return search(offset === undefined ? wanted : MAX_K);
  if (offset === undefined || wanted <= FUSION_DEPTH) return search(Math.max(wanted, FUSION_DEPTH));
  // Beside each other, so that one call asks a shard for both. The deeper one first: the other begins with what it has found.
  const second = searcher.beside(1);
  const [far, near] = await Promise.all([search(MAX_K), search(FUSION_DEPTH).finally(() => second.leave())]);
  const values = joinValues([near.rankings.values, far.rankings.values]);
  return {
    ...appended(near, far),
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
    if (before === i) return [];
    return [
      [
        item,
        [
          {
            rule: "diversity",
            message: `Chosen by marginal relevance; by relevance alone rank ${before + 1}.`,
          },
        ],
      ],
    ];
  });
}

/** One order out of what the words and the vector have found. */
export interface Combined {
  readonly ranking: Ranking;
  /** Weight of the words, where both were weighed. */
  readonly keywordWeight?: number;
  /** Rules that moved items. */
  readonly rules: ReadonlyMap<number, readonly Rule[]>;
}

/** One ranking out of what the words and the vector have found: the mode's own, or both together; then the rules. */
export function combine(index: LoadedIndex, query: Query, rankings: Rankings): Combined {
  const { ranking, keywordWeight, rules } = weighed(index, query, rankings);
  const boosted = boost(ranking, rankings.curated?.boosted ?? []);
  const promoted = promoteRare(boosted.ranking, rankings.rare ?? [], query.words?.words ?? []);
  return {
    ranking: promoted.ranking,
    rules: [boosted.rules, promoted.rules].reduce(withRules, rules),
    ...(keywordWeight !== undefined && { keywordWeight }),
  };
}

function weighed(index: LoadedIndex, query: Query, { words, vectors, languages }: Rankings): Combined {
  const byVector = vectors ?? NO_RANKING;
  if (query.mode === "vector") return { ranking: byVector, rules: new Map() };
  const found = words ? normalised(words) : NO_RANKING;
  const preferred = preferLanguage(found, languages);
  if (query.mode === "keyword" || !query.vector) return preferred;
  const { ranking: byWords, rules } = preferred;
  const { metric, dimensions } = index.forest;
  const measured: FusionMeta = index.manifest.fusion ?? { ...DEFAULT_FUSION, queries: 0 };
  const signs = {
    words: query.words?.words.length ?? 0,
    wordScores: found.scores,
    vectorScores: byVector.scores,
  };
  const given = query.keywordWeight;
  const fusion =
    given === undefined
      ? fusionFor(measured, signs)
      : { ...measured, method: "score" as const, keywordWeight: given };
  const distances = distancesOf([byWords, byVector]);
  const fused = fuse(byWords, byVector, fusion, (item) => {
    const distance = distances.get(item);
    return distance === undefined || Number.isNaN(distance)
      ? undefined
      : scoreOf(metric, distance, dimensions);
  });
  return {
    ranking: { ...fused, distances: fused.items.map((item) => distances.get(item) ?? Number.NaN) },
    keywordWeight: fusion.keywordWeight,
    rules,
  };
}

function distancesOf(rankings: readonly Ranking[]): Pick<ItemNumbers, "get"> {
  const known = createItemNumbers(rankings.reduce((sum, { items }) => sum + items.length, 0));
  for (const { items, distances } of rankings) {
    if (distances) for (let i = 0; i < items.length; i++) known.set(items[i]!, distances[i]!);
  }
  return known;
}

/** The items of one order up to {@link FUSION_DEPTH}, then those of another that are not among them. */
export function appended(near: Combined, far: Combined): Combined {
  const head = firstOf(near.ranking, FUSION_DEPTH);
  const taken = new Set(head.items);
  const { items } = far.ranking;
  const rest = pickFrom(
    far.ranking,
    [...items.keys()].filter((i) => !taken.has(items[i]!)),
  );
  const last = head.scores.at(-1) ?? 1;
  const distances = [head, rest].flatMap((part) => part.distances ?? part.items.map(() => Number.NaN));
  const ranking = {
    items: [...head.items, ...rest.items],
    // What the first look has missed is no better than the last that it has not.
    scores: [...head.scores, ...rest.scores.map((score) => Math.min(last, score))],
    distances,
  };
  return { ...near, ranking };
}
