import { LANGUAGE_BITS, NO_LANGUAGE } from "../format/keyword.ts";
import type { KeywordIndex } from "../keyword/keyword-index.ts";
import type { Moved } from "./curation/apply.ts";
import { FUSION_DEPTH } from "./fusion.ts";
import { type FoundLanguages, pickFrom, type Ranking } from "./ranking.ts";
import type { Rule } from "./types.ts";

/** Documents that are added to those of a language, so that few hits among few documents are no proof. */
const SMOOTHING = 5;
/** Largest share that a score loses: where no other document of its language holds the words of the query. */
const MOST_LOST = 0.3;
/** Smaller losses are left out. */
const LEAST_LOST = 0.0005;

/** The languages of items; undefined in an index of one. */
export function languagesOf(
  { itemLanguages }: KeywordIndex,
  items: readonly number[],
): FoundLanguages | undefined {
  if (!itemLanguages) return undefined;
  const { documents, codes } = itemLanguages;
  return { documents: [...documents], items, codes: items.map((item) => codes[item] ?? NO_LANGUAGE) };
}

/** The languages that parts have of their items; undefined where none has any. */
export function joinLanguages(parts: readonly (FoundLanguages | undefined)[]): FoundLanguages | undefined {
  const all = parts.filter((part) => part !== undefined);
  const [first] = all;
  if (!first) return undefined;
  return {
    documents: first.documents.map((_, i) => all.reduce((sum, part) => sum + (part.documents[i] ?? 0), 0)),
    items: all.flatMap(({ items }) => items),
    codes: all.flatMap(({ codes }) => codes),
  };
}

/**
 * Prefers documents in the language of the query: translations of one text share names and numbers, and only the words between
 * them tell which one is meant. The evidence for a language is the share of its documents that are among the first hundred
 * hits of the words. A score counts less the less of it there is for the document's language, against the language with
 * most; up to {@link MOST_LOST} less. Documents of unknown languages keep theirs.
 *
 * @param ranking of the words
 */
export function preferLanguage(ranking: Ranking, found: FoundLanguages): Moved {
  const codeOf = new Map(found.items.map((item, i) => [item, found.codes[i]!]));
  const hits = new Map<number, number>();
  for (const item of ranking.items.slice(0, FUSION_DEPTH)) {
    const code = codeOf.get(item) ?? NO_LANGUAGE;
    if (code !== NO_LANGUAGE) hits.set(code, (hits.get(code) ?? 0) + 1);
  }
  const evidence = (code: number) => (hits.get(code) ?? 0) / ((found.documents[code - 1] ?? 0) + SMOOTHING);
  const best = [...hits.keys()].sort((a, b) => evidence(b) - evidence(a) || a - b)[0];
  if (best === undefined) return { ranking, rules: new Map() };
  const rules = new Map<number, readonly Rule[]>();
  const scores = ranking.scores.map((score, i) => {
    const item = ranking.items[i]!;
    const code = codeOf.get(item) ?? NO_LANGUAGE;
    if (code === NO_LANGUAGE) return score;
    const lost = MOST_LOST * (1 - evidence(code) / evidence(best));
    if (lost < LEAST_LOST) return score;
    rules.set(item, [{ rule: "language", message: messageOf(code, best, lost) }]);
    return score * (1 - lost);
  });
  const order = [...ranking.items.keys()].sort(
    (a, b) => scores[b]! - scores[a]! || ranking.items[a]! - ranking.items[b]!,
  );
  return { ranking: pickFrom({ ...ranking, scores }, order), rules };
}

function messageOf(code: number, best: number, lost: number): string {
  const [own, other] = [LANGUAGE_BITS[code - 1], LANGUAGE_BITS[best - 1]];
  return `Its language is ${own}, and the words found are ${other}: its score by words counts ${(1 - lost).toFixed(3)} times.`;
}
