import type { QueryWord } from "../keyword/query.ts";
import { type RareItem, rareDocuments } from "../keyword/rare.ts";
import { pickFrom, type Ranking } from "./ranking.ts";
import type { Rule } from "./types.ts";

/** Items with a rare word are lifted so far up at least. */
const FIRST = 10;
/**
 * A query with more words than this is a question or a text, and any plain word of it may be rare. Of 250 documents that such words
 * lifted in ten judged sets, hardly any was relevant. So it lifts one item, and only for a code or a quoted word.
 */
const MANY_WORDS = 5;

/**
 * Lifts items that hold a rare word of the query into the first ten: a word that hardly any document has says what is looked for.
 * They come last among the ten, in their own order; all others keep theirs. Scores stay in descending order.
 *
 * @param words of the query
 */
export function promoteRare(
  ranking: Ranking,
  rare: readonly RareItem[],
  words: readonly QueryWord[],
): { readonly ranking: Ranking; readonly rules: ReadonlyMap<number, readonly Rule[]> } {
  const wordOf = rareWords(rare, words);
  const { items } = ranking;
  const inside = items.slice(0, FIRST).filter((item) => wordOf.has(item)).length;
  const most = isLong(words) ? 1 : FIRST;
  const room = Math.max(0, most - inside);
  const wanted = new Set([...wordOf.keys()].filter((item) => items.indexOf(item) >= FIRST).slice(0, room));
  if (wanted.size === 0) return { ranking, rules: new Map() };
  const lifted = [...items.keys()].filter((i) => wanted.has(items[i]!));
  const others = [...items.keys()].filter((i) => !wanted.has(items[i]!));
  // What already has a rare word stays among the ten.
  const head = keepRare(others, FIRST - lifted.length, (i) => wordOf.has(items[i]!));
  const placed = new Set(head);
  const order = [...head, ...lifted, ...others.filter((i) => !placed.has(i))];
  const moved = pickFrom(ranking, order);
  const rules = new Map(
    lifted.map((i): [number, Rule[]] => [
      items[i]!,
      [
        {
          rule: "rareWord",
          message: `"${wordOf.get(items[i]!)}" occurs in at most ${rareDocuments(words)} documents: lifted from rank ${i + 1} into the first ${FIRST}.`,
        },
      ],
    ]),
  );
  return { ranking: { ...moved, scores: descending(moved.scores) }, rules };
}

/** Items whose group shows them: those among the first ten that hold a rare word of the query. */
export function rareFirst(
  { items }: Ranking,
  rare: readonly RareItem[] = [],
  words: readonly QueryWord[] = [],
): ReadonlySet<number> {
  const wordOf = rareWords(rare, words);
  return new Set(items.slice(0, FIRST).filter((item) => wordOf.has(item)));
}

/** The rare word of each item that one lifts. */
function rareWords(rare: readonly RareItem[], words: readonly QueryWord[]): ReadonlyMap<number, string> {
  const wordOf = new Map<number, string>();
  const many = isLong(words);
  for (const { item, word } of rare) {
    if (wordOf.has(item) || (many && !words.some((own) => own.term === word && isDistinct(own)))) continue;
    wordOf.set(item, word);
  }
  return wordOf;
}

function isLong(words: readonly QueryWord[]): boolean {
  return words.filter(({ kind }) => kind !== "part").length > MANY_WORDS;
}

/** Whether a word is a code (of several parts, or with a digit) or quoted, and no plain word. */
function isDistinct({ kind, exact, term }: QueryWord): boolean {
  return kind !== "atom" || exact || /\p{N}/u.test(term);
}

/** The first n of an order; entries that must stay replace the last of those that need not. */
function keepRare(order: readonly number[], n: number, stays: (i: number) => boolean): number[] {
  const first = order.slice(0, FIRST);
  const spare = first.length - n;
  if (spare <= 0) return first;
  const out = new Set(first.filter((i) => !stays(i)).slice(-spare));
  return first.filter((i) => !out.has(i)).slice(0, n);
}

/** Scores of items that were lifted or put back are those of their neighbours. */
function descending(scores: readonly number[]): number[] {
  let most = Number.POSITIVE_INFINITY;
  const floor: number[] = [];
  let least = Number.NEGATIVE_INFINITY;
  for (let i = scores.length - 1; i >= 0; i--) {
    // Only within the first ten scores are out of order upwards.
    least = Math.max(least, scores[i]!);
    floor[i] = i < FIRST ? least : scores[i]!;
  }
  return floor.map((score) => {
    most = Math.min(most, score);
    return most;
  });
}
