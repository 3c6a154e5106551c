import type { FusionMeta } from "../format/meta.ts";
import { fusionFor } from "./confidence.ts";
import { boost, withRules } from "./curation/apply.ts";
import { DEFAULT_FUSION, FUSION_DEPTH, fuse } from "./fusion.ts";
import { createItemNumbers, type ItemNumbers } from "./item-numbers.ts";
import { preferLanguage } from "./languages.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { Query } from "./query.ts";
import { firstOf, NO_RANKING, normalised, pickFrom, type Ranking, type Rankings } from "./ranking.ts";
import { promoteRare } from "./rare.ts";
import { scoreOf } from "./score.ts";
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
