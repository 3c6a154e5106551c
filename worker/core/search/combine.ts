import { scoreOf } from "../forest/metrics.ts";
import type { FusionMeta } from "../format/meta.ts";
import { boost, type Moved, withRules } from "./curation/apply.ts";
import { DEFAULT_FUSION, FUSION_DEPTH, fuse, fusionFor } from "./fusion.ts";
import { createItemNumbers, type ItemNumbers } from "./item-numbers.ts";
import { preferLanguage } from "./languages.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { Query } from "./query.ts";
import { firstOf, NO_RANKING, pickFrom, type Ranking, type Rankings, type WordRanking } from "./ranking.ts";
import { promoteRare } from "./rare.ts";
import type { Rule } from "./types.ts";

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
  const { boosted = [] } = rankings.curated ?? {};
  const { rare = [] } = rankings;
  let combined = weigh(index, query, rankings);
  if (boosted.length > 0) combined = moved(combined, boost(combined.ranking, boosted));
  if (rare.length > 0)
    combined = moved(combined, promoteRare(combined.ranking, rare, query.words?.words ?? []));
  return combined;
}

function moved(combined: Combined, { ranking, rules }: Moved): Combined {
  return { ...combined, ranking, rules: withRules(combined.rules, rules) };
}

function weigh(index: LoadedIndex, query: Query, { words, vectors, languages }: Rankings): Combined {
  const byVector = vectors ?? NO_RANKING;
  if (query.mode === "vector") return { ranking: byVector, rules: new Map() };
  const found = words ? normalised(words) : NO_RANKING;
  const preferred: Moved = languages
    ? preferLanguage(found, languages)
    : { ranking: found, rules: new Map() };
  if (query.mode === "keyword" || !query.vector) return preferred;
  const { ranking: byWords, rules } = preferred;
  const { metric, dimensions } = index.forest;
  const distances = distancesOf([byWords, byVector]);
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
export function append(near: Combined, far: Combined): Combined {
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
    // An item that the first ranking lacks is no better than its last one.
    scores: [...head.scores, ...rest.scores.map((score) => Math.min(last, score))],
    distances,
  };
  return { ...near, ranking };
}

/** BM25 as a share of the highest score that there could be, so that no score is 1 by accident. */
export function normalised({ items, scores, bound, distances }: WordRanking): Ranking {
  return {
    items,
    scores: scores.map((score) => (bound > 0 ? Math.min(1, score / bound) : 0)),
    ...(distances && { distances }),
  };
}
