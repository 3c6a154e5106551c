import { likelihoodOf } from "../../keyword/near.ts";
import {
  completeQuery,
  countHolding,
  type NearWord,
  type SpelledWord,
  spelledWords,
  type WordConditions,
} from "../../keyword/spelling.ts";
import type { LoadedIndex } from "../loaded-index.ts";
import type { Query } from "../query.ts";
import type { Probed } from "../ranking.ts";

/** Answers a question about words from one index in memory, by the documents that a filter accepts. */
export function probeWords(
  { keyword }: LoadedIndex,
  { probe, words }: Query,
  conditions: WordConditions,
): Probed {
  if (!keyword || !words || !probe) return {};
  switch (probe.kind) {
    case "spelling":
      return { spelled: spelledWords(keyword, words, conditions) };
    case "holding":
      return { holding: countHolding(keyword, words, conditions) };
    case "completions":
      return { completions: completeQuery(keyword, words, probe.text, conditions) };
  }
}

/** Joins the answers of parts that share no documents. */
export function mergeProbed(parts: readonly Probed[]): Probed {
  const holding = parts.map((part) => part.holding).filter((count) => count !== undefined);
  const counts = new Map<string, number>();
  for (const { completions = [] } of parts) {
    for (const { text, documents } of completions) counts.set(text, (counts.get(text) ?? 0) + documents);
  }
  const spelled = new Map<number, SpelledWord>();
  for (const word of parts.flatMap((part) => part.spelled ?? [])) {
    const known = spelled.get(word.start);
    spelled.set(word.start, known ? better(known, word) : word);
  }
  return {
    ...(holding.length > 0 && { holding: holding.reduce((sum, count) => sum + count, 0) }),
    ...(counts.size > 0 && {
      completions: Array.from(counts, ([text, documents]) => ({ text, documents })),
    }),
    ...(spelled.size > 0 && { spelled: [...spelled.values()] }),
  };
}

/**
 * A word that one part knows is known; of near words the nearest, then the likeliest. One farther off than a word of another part
 * is not near, and two words in one are looked for where none is.
 */
function better(a: SpelledWord, b: SpelledWord): SpelledWord {
  if (a.known || b.known) return a.known ? a : b;
  const least = Math.min(a.least ?? Number.POSITIVE_INFINITY, b.least ?? Number.POSITIVE_INFINITY);
  const likelihood = ({ text, documents }: NearWord) => likelihoodOf(a.word, text, documents);
  const [best] = [a.near, b.near]
    .filter((near) => near !== undefined)
    .filter(({ within, distance }) => within || distance <= least)
    .sort(
      (x, y) =>
        Number(x.within ?? false) - Number(y.within ?? false) ||
        x.distance - y.distance ||
        likelihood(y) - likelihood(x) ||
        (x.text < y.text ? -1 : 1),
    );
  const { near: _, least: __, ...word } = a;
  return { ...word, ...(best && { near: best }), ...(least < Number.POSITIVE_INFINITY && { least }) };
}
