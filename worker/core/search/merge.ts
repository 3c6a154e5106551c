import { FACET_VALUES } from "../columns/facets.ts";
import { compareValues, type FieldValue, joinValues } from "../columns/order.ts";
import type { Metric } from "../format/constants.ts";
import { mergeFacts } from "./curation/facts.ts";
import { joinLanguages } from "./languages.ts";
import type { Counts, Ranking, Rankings, WordRanking } from "./ranking.ts";
import type { FacetCounts } from "./types.ts";
import { mergeProbed } from "./words/probe.ts";

/**
 * Merges the rankings of parts that share no items, each in order: by exact distance, by score, by item number where they are equal.
 * Linear in k for each part.
 */
export function mergeRankings(metric: Metric, rankings: readonly Rankings[], k: number): Rankings {
  const partsOf = <K extends keyof Rankings>(name: K) =>
    rankings.map((ranking) => ranking[name]).filter((part) => part !== undefined);
  const rare = partsOf("rare").flat();
  const vectors = partsOf("vectors");
  const words = partsOf("words");
  const facets = partsOf("facets");
  const curated = partsOf("curated");
  const probed = partsOf("probed");
  const terms = partsOf("terms");
  const listed = partsOf("listed");
  const values = joinValues(partsOf("values"));
  const languages = joinLanguages(partsOf("languages"));
  const counts = joinCounts(partsOf("counts"));
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
  return merge(
    rankings,
    (a, i, b, j) => sign * (a.distances![i]! - b.distances![j]!),
    (_, place) => place < k,
  );
}

/** @param kept items that stay beyond the k-th place */
function mergeWords(rankings: readonly WordRanking[], k: number, kept: ReadonlySet<number>): WordRanking {
  return {
    ...merge(
      rankings,
      (a, i, b, j) => b.scores[j]! - a.scores[i]!,
      (item, place) => place < k || kept.has(item),
    ),
    ...mergeBounds(rankings),
  };
}

const NO_ITEMS: Ranking = { items: [], scores: [] };

/** Compares place i of one ranking with place j of another: below 0 where the first comes before. */
type Compare = (a: Ranking, i: number, b: Ranking, j: number) => number;

function merge(
  rankings: readonly Ranking[],
  compare: Compare,
  stays: (item: number, place: number) => boolean,
): Ranking {
  return rankings.reduce<Ranking>((a, b) => {
    const items: number[] = [];
    const scores: number[] = [];
    const distances: number[] = [];
    const all = a.items.length + b.items.length;
    for (let i = 0, j = 0; i + j < all; ) {
      const difference = i < a.items.length && j < b.items.length ? compare(a, i, b, j) : 0;
      const isSecond =
        i === a.items.length || (j < b.items.length && (difference || a.items[i]! - b.items[j]!) > 0);
      const from = isSecond ? b : a;
      const place = i + j;
      const at = isSecond ? j++ : i++;
      if (!stays(from.items[at]!, place)) continue;
      items.push(from.items[at]!);
      scores.push(from.scores[at]!);
      distances.push(from.distances?.[at] ?? Number.NaN);
    }
    return { items, scores, ...((a.distances ?? b.distances) && { distances }) };
  }, NO_ITEMS);
}

/** Lists of the parts, one behind the other; the page sorts them by their values. */
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

/** Rankings by other item numbers: those of the whole index instead of a part's own. */
export function renumbered<T extends Rankings>(rankings: T, outer: (item: number) => number): T {
  const listOf = <R extends { readonly items: readonly number[] }>(list: R): R => ({
    ...list,
    items: list.items.map(outer),
  });
  const each = <I extends { readonly item: number }>(list: readonly I[]): I[] =>
    list.map((one) => ({ ...one, item: outer(one.item) }));
  const { vectors, words, listed, values, rare, curated, languages } = rankings;
  return {
    ...rankings,
    ...(vectors && { vectors: listOf(vectors) }),
    ...(words && { words: listOf(words) }),
    ...(listed && { listed: listOf(listed) }),
    ...(values && { values: listOf(values) }),
    ...(rare && { rare: each(rare) }),
    ...(languages && { languages: listOf(languages) }),
    ...(curated && { curated: { pinned: each(curated.pinned), boosted: each(curated.boosted) } }),
  };
}

/** The same by numbers that begin at `first`. */
export function shifted<T extends Rankings>(rankings: T, first: number): T {
  return first === 0 ? rankings : renumbered(rankings, (item) => item + first);
}
