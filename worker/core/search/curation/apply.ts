import { scoreOf } from "../../forest/metrics.ts";
import type { LoadedIndex } from "../loaded-index.ts";
import { pickFrom, type Ranking } from "../ranking.ts";
import type { Rule } from "../types.ts";
import type { BoostedItem, PinnedItem } from "./types.ts";

type Rules = ReadonlyMap<number, readonly Rule[]>;

/** A ranking with the rules that moved its items. */
export interface Moved {
  readonly ranking: Ranking;
  readonly rules: Rules;
}

/** The rules of two steps, in their order. */
export function withRules(before: Rules, more: Rules): Rules {
  const all = new Map(before);
  for (const [item, rules] of more) all.set(item, [...(all.get(item) ?? []), ...rules]);
  return all;
}

/**
 * Changes the scores of boosted items and ranks anew: the odds s / (1 - s) of a score s are multiplied by the factor, so
 * that a score stays between 0 and 1 whatever the mode measures.
 */
export function boost(ranking: Ranking, boosted: readonly BoostedItem[]): Moved {
  const factors = new Map(boosted.map((one) => [one.item, one]));
  const { items } = ranking;
  const scores = ranking.scores.map((score, i) => {
    const factor = factors.get(items[i]!)?.factor ?? 1;
    return factor === 1 ? score : (score * factor) / (1 - score + score * factor);
  });
  const order = [...items.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  const rules = new Map(
    items.flatMap((item): [number, Rule[]][] => {
      const one = factors.get(item);
      return one ? [[item, [{ rule: "boost", message: one.message }]]] : [];
    }),
  );
  return { ranking: pickFrom({ ...ranking, scores }, order), rules };
}

/** Puts pinned items first, in their order. Their scores are those of what they stand above, at least. */
export function pin(
  { forest }: LoadedIndex,
  ranking: Ranking,
  pinned: readonly PinnedItem[],
  messages: readonly string[],
): Moved {
  const first = new Set(pinned.map(({ item }) => item));
  const places = new Map(ranking.items.map((item, i) => [item, i]));
  const rest = pickFrom(
    ranking,
    [...ranking.items.keys()].filter((i) => !first.has(ranking.items[i]!)),
  );
  const distances = pinned.map(
    ({ item, distance }) => ranking.distances?.[places.get(item) ?? -1] ?? distance ?? Number.NaN,
  );
  let least = rest.scores[0] ?? 0;
  const scores: number[] = [];
  for (let i = pinned.length - 1; i >= 0; i--) {
    const known = ranking.scores[places.get(pinned[i]!.item) ?? -1];
    const distance = distances[i]!;
    // Nothing was found but what is pinned: words have no score for it.
    const own = known ?? (Number.isNaN(distance) ? 0 : scoreOf(forest.metric, distance, forest.dimensions));
    least = Math.max(least, own);
    scores[i] = least;
  }
  return {
    ranking: {
      items: [...first, ...rest.items],
      scores: [...scores, ...rest.scores],
      ...(ranking.distances && { distances: [...distances, ...rest.distances!] }),
    },
    rules: new Map(
      pinned.map(({ item, place }) => [item, [{ rule: "pinned", message: messages[place] ?? "Pinned." }]]),
    ),
  };
}
