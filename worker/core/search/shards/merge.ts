import { FACET_VALUES } from "../../columns/facets.ts";
import { compareValues, type FieldValue, joinValues } from "../../columns/order.ts";
import type { Metric } from "../../format/constants.ts";
import { mergeFacts, renumbered } from "../curation/facts.ts";
import { joinLanguages } from "../languages.ts";
import type { Counts, Ranking, Rankings, WordRanking } from "../ranking.ts";
import type { FacetCounts } from "../types.ts";
import { mergeProbed } from "../words/probe.ts";

/**
 * Merges the rankings of parts that share no items: by exact distance, by score, by item number where they are equal.
 * O(n log n).
 */
export function mergeRankings(metric: Metric, rankings: readonly Rankings[], k: number): Rankings {
  const vectors = rankings.map((ranking) => ranking.vectors).filter((part) => part !== undefined);
  const words = rankings.map((ranking) => ranking.words).filter((part) => part !== undefined);
  const facets = rankings.map((ranking) => ranking.facets).filter((part) => part !== undefined);
  const rare = rankings.flatMap((ranking) => ranking.rare ?? []);
  const curated = rankings.map((ranking) => ranking.curated).filter((part) => part !== undefined);
  const probed = rankings.map((ranking) => ranking.probed).filter((part) => part !== undefined);
  const terms = rankings.map((ranking) => ranking.terms).filter((part) => part !== undefined);
  const listed = rankings.map((ranking) => ranking.listed).filter((part) => part !== undefined);
  const values = joinValues(rankings.map((ranking) => ranking.values));
  const languages = joinLanguages(rankings.map((ranking) => ranking.languages));
  const counts = joinCounts(rankings.map((ranking) => ranking.counts));
  return {
    ...(vectors.length > 0 && { vectors: mergeVectors(metric, vectors, k) }),
    ...(words.length > 0 && { words: mergeWords(words, k, new Set(rare.map(({ item }) => item))) }),
    ...(facets.length > 0 && { facets: mergeFacets(facets) }),
    ...(rankings.some(({ estimated }) => estimated) && { estimated: true }),
    ...(terms.length > 0 && { terms: terms.flat() }),
    ...(rare.length > 0 && { rare }),
    ...(languages && { languages }),
    ...(listed.length > 0 && { listed: joined(listed) }),
    ...(values && { values }),
    ...(counts && { counts }),
    ...(curated.length > 0 && { curated: mergeFacts(curated) }),
    ...(probed.length > 0 && { probed: mergeProbed(probed) }),
    parts: rankings.length,
  };
}

function mergeVectors(metric: Metric, rankings: readonly Ranking[], k: number): Ranking {
  // Of inner products the larger are the nearer.
  const sign = metric === "dot" ? -1 : 1;
  return merged(rankings, k, (a, b) => sign * (a.distance - b.distance));
}

function mergeWords(rankings: readonly WordRanking[], k: number, rare: ReadonlySet<number>): WordRanking {
  return {
    ...merged(rankings, k, (a, b) => b.score - a.score, rare),
    ...mergeBounds(rankings),
  };
}

/** Lists of the parts, one behind the other: whoever arranges them has their values. */
function joined(rankings: readonly WordRanking[]): WordRanking {
  return {
    items: rankings.flatMap(({ items }) => items),
    scores: rankings.flatMap(({ scores }) => scores),
    ...mergeBounds(rankings),
  };
}

/**
 * A part that lacks a word of the query knows nothing of its weight, so each word's comes from the part that has most. A
 * merged ranking may be a part itself, of a shard with changes.
 */
function mergeBounds(rankings: readonly WordRanking[]): Pick<WordRanking, "bound" | "bounds"> {
  const best = new Map<string, number>();
  for (const { bounds = [] } of rankings) {
    for (const [word, part] of bounds) best.set(word, Math.max(part, best.get(word) ?? 0));
  }
  const sum = [...best.values()].reduce((sum, part) => sum + part, 0);
  return { bound: rankings.reduce((most, { bound }) => Math.max(most, bound), sum), bounds: [...best] };
}

interface RankedItem {
  readonly item: number;
  readonly score: number;
  readonly distance: number;
}

function merged(
  rankings: readonly Ranking[],
  k: number,
  compare: (a: RankedItem, b: RankedItem) => number,
  kept: ReadonlySet<number> = new Set(),
): Ranking {
  const all = rankings.flatMap(({ items, scores, distances }) =>
    items.map((item, i): RankedItem => ({ item, score: scores[i]!, distance: distances?.[i] ?? Number.NaN })),
  );
  all.sort((a, b) => compare(a, b) || a.item - b.item);
  const best = all.filter(({ item }, i) => i < k || kept.has(item));
  return {
    items: best.map(({ item }) => item),
    scores: best.map(({ score }) => score),
    ...(rankings.some(({ distances }) => distances) && { distances: best.map(({ distance }) => distance) }),
  };
}

/** Adds up what parts have counted. Groups of several parts count once as far as their values are known. */
function joinCounts(parts: readonly (Counts | undefined)[]): Counts | undefined {
  const all = parts.filter((part) => part !== undefined);
  if (all.length === 0) return undefined;
  const documents = all.reduce((sum, part) => sum + part.documents, 0);
  const passing = all.some((part) => part.passing !== undefined) && {
    passing: all.reduce((sum, part) => sum + (part.passing ?? 0), 0),
  };
  if (all.every(({ groups }) => groups === undefined)) return { documents, ...passing };
  const named = new Map<string, FieldValue>();
  let unnamed = 0;
  for (const { groups = 0, groupValues } of all) {
    if (!groupValues) unnamed += groups;
    for (const value of groupValues ?? []) named.set(`${typeof value} ${value}`, value);
  }
  return {
    documents,
    ...passing,
    groups: named.size + unnamed,
    ...(unnamed === 0 ? { groupValues: [...named.values()] } : all.length > 1 && { groupsRepeated: true }),
  };
}

function mergeFacets(parts: readonly FacetCounts[]): FacetCounts {
  const fields = [...new Set(parts.flatMap((part) => Object.keys(part)))];
  return Object.fromEntries(
    fields.map((field) => {
      const counts = new Map<string | number | boolean, number>();
      for (const part of parts) {
        for (const { value, count } of part[field] ?? []) counts.set(value, (counts.get(value) ?? 0) + count);
      }
      const entries = [...counts].map(([value, count]) => ({ value, count }));
      entries.sort((a, b) => b.count - a.count || compareValues(a.value, b.value));
      return [field, entries.slice(0, FACET_VALUES)];
    }),
  );
}

/** Rankings of a part by the whole index's item numbers, of which `first` is the part's first. */
export function outward<T extends Rankings>(rankings: T, first: number): T {
  if (first === 0) return rankings;
  const moved = <R extends Ranking>(ranking: R): R => ({
    ...ranking,
    items: ranking.items.map((item) => item + first),
  });
  const { vectors, words, listed, values, rare, curated, languages } = rankings;
  return {
    ...rankings,
    ...(vectors && { vectors: moved(vectors) }),
    ...(words && { words: moved(words) }),
    ...(listed && { listed: moved(listed) }),
    ...(values && { values: { ...values, items: values.items.map((item) => item + first) } }),
    ...(rare && { rare: rare.map((one) => ({ ...one, item: one.item + first })) }),
    ...(languages && { languages: { ...languages, items: languages.items.map((item) => item + first) } }),
    ...(curated && { curated: renumbered(curated, (item) => item + first) }),
  };
}
