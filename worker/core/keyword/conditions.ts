import type { Accept } from "../forest/types.ts";
import type { Work } from "../format/work.ts";
import { classGroup } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { phraseItems } from "./phrase.ts";
import { eachItem } from "./postings.ts";
import type { KeywordQuery } from "./query.ts";

/**
 * The items that keep what the operators of a text (`"a phrase"`, `-word`, `-"a phrase"`) ask for, a bit each. Undefined
 * when the text has none. Linear in the lists of their words.
 *
 * @throws ArtifactError `CORRUPT_KEYWORDS` when a damaged list is met
 */
export function keptItems(index: KeywordIndex, query: KeywordQuery, work?: Work): Uint32Array | undefined {
  const { phrases, excluded, excludedPhrases } = query;
  // Without positions the words may stand anywhere: such a document is not excluded before it is looked into.
  const unwanted = excludedPhrases.filter(({ phrase }) => index.positions || phrase.length === 1);
  if (phrases.length === 0 && excluded.length === 0 && unwanted.length === 0) return undefined;
  const words = Math.ceil(index.nItems / 32);
  const kept = new Uint32Array(words).fill(0xffff_ffff);
  for (const phrase of phrases) {
    const held = new Uint32Array(words);
    for (const item of phraseItems(index, phrase, work)) held[item >>> 5]! |= 1 << (item & 31);
    for (let i = 0; i < words; i++) kept[i]! &= held[i]!;
  }
  const bar = (item: number): void => {
    kept[item >>> 5]! &= ~(1 << (item & 31));
  };
  for (const { token } of excluded) {
    for (const entry of classGroup(index, token)?.entries ?? []) {
      eachItem(index, entry, work, bar);
    }
  }
  for (const { phrase } of unwanted) for (const item of phraseItems(index, phrase, work)) bar(item);
  return kept;
}

/** The items that hold nothing of what a query excludes, a bit each; undefined when it excludes nothing. */
export function notExcluded(index: KeywordIndex, query: KeywordQuery, work?: Work): Uint32Array | undefined {
  return keptItems(index, { ...query, phrases: [] }, work);
}

/** The condition that an item's bit is set. */
export function hasBit(bits: Uint32Array): Accept {
  return (item) => ((bits[item >>> 5]! >>> (item & 31)) & 1) === 1;
}

/** Both must accept; undefined accepts all. */
export function both(a: Accept | undefined, b: Accept | undefined): Accept | undefined {
  if (!a || !b) return a ?? b;
  return (item) => a(item) && b(item);
}
