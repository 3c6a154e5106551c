import type { Work } from "../format/work.ts";
import { addGroup, firstItem, openScorer, selectItems, spendLists, spendWindow, type Tally } from "./bm25.ts";
import { hasBit } from "./conditions.ts";
import { expandQuery } from "./expand.ts";
import { type TermGroup, tellingGroups } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { eachItem, NO_ITEM } from "./postings.ts";
import { WINDOW, withScratch } from "./scratch.ts";
import { both, boundsOf, FEW_HITS, type WordRankOptions } from "./search.ts";
import type { UnderstoodQuery } from "./understand.ts";

/**
 * The items that hold a word of a query, a bit each: any word that says something, with its phrases and without what is excluded,
 * as {@link rankByWords} finds them. Linear in the words' lists.
 *
 * @throws ArtifactError `CORRUPT_KEYWORDS` when a damaged list is met
 */
export function matchingItems(index: KeywordIndex, understood: UnderstoodQuery): Uint32Array {
  const { groups, work } = understood;
  const bits = new Uint32Array(Math.ceil(index.nItems / 32));
  for (const { entries, phrase } of tellingGroups(index, groups)) {
    for (const item of phrase?.items ?? []) bits[item >>> 5]! |= 1 << (item & 31);
    for (const entry of entries) {
      eachItem(index, entry, work, (item) => {
        bits[item >>> 5]! |= 1 << (item & 31);
      });
    }
  }
  const kept = understood.kept();
  if (kept) for (let i = 0; i < bits.length; i++) bits[i]! &= kept[i]!;
  return bits;
}

/** All items that a query finds, ascending, with their scores by BM25. */
export interface KeywordMatches {
  readonly items: number[];
  readonly scores: number[];
  /** The highest score that a document could have for the query. */
  readonly bound: number;
  /** The part of each word in it. */
  readonly bounds: readonly (readonly [word: string, part: number])[];
}

type Accept = ((item: number) => boolean) | undefined;

/**
 * The items that hold a word of the query which tells documents apart, or any word where none does: what `matchingItems` counts.
 * Linear in the words' lists.
 *
 * @throws ArtifactError `CORRUPT_KEYWORDS` when a damaged list is met
 */
export function tellingMatches(
  index: KeywordIndex,
  understood: UnderstoodQuery,
  accept: Accept,
): KeywordMatches {
  const holds = both(hasBit(matchingItems(index, understood)), accept);
  return scored(index, understood, understood.groups, holds);
}

/**
 * The items that `rankByWords` finds, whatever the number wanted: those with a word of the query, frequent or not, and where they
 * are few those near them. Linear in the words' lists.
 *
 * @throws ArtifactError `CORRUPT_KEYWORDS` when a damaged list is met
 */
export function everyMatch(
  index: KeywordIndex,
  understood: UnderstoodQuery,
  { accept, isFew = understood.isFew ?? ((hits) => hits < FEW_HITS) }: Omit<WordRankOptions, "k">,
): KeywordMatches {
  const { query, groups, relax, work, kept } = understood;
  const bits = kept();
  const passes = bits ? both(hasBit(bits), accept) : accept;
  const found = scored(index, understood, groups, passes);
  if (!isFew(found.items.length) || groups.length === 0 || query.words.every((word) => word.exact)) {
    return found;
  }
  const relaxed = relax?.() ?? expandQuery(index, query, { relaxed: true, work });
  const { items, scores } = scored(index, understood, relaxed, passes);
  return { ...found, items, scores };
}

function scored(
  index: KeywordIndex,
  { query, work }: UnderstoodQuery,
  groups: UnderstoodQuery["groups"],
  accept: Accept,
): KeywordMatches {
  const nDocuments = index.collectionDocuments;
  const bounds = boundsOf(index, query, groups, nDocuments);
  const bound = bounds.reduce((sum, [, part]) => sum + part, 0);
  return { ...scoreEvery(index, groups, { accept, work }, nDocuments), bound, bounds };
}

/** Scores every item of the groups. Where `scoreGroups` passes over what cannot be among the best, nothing is passed over here. */
function scoreEvery(
  index: KeywordIndex,
  groups: readonly TermGroup[],
  { accept, work }: { readonly accept: Accept; readonly work: Work | undefined },
  nDocuments: number,
): Pick<KeywordMatches, "items" | "scores"> {
  const { scratch, nItems } = index;
  const { scores, met } = scratch;
  const found: { items: number[]; scores: number[] } = { items: [], scores: [] };
  const scorers = groups.map((group) => openScorer(index, group, nDocuments));
  spendLists(scorers, work);
  const tally: Tally = { postings: 0, probes: 0 };
  withScratch(scratch, () => {
    for (let start = 0; start < nItems; ) {
      const first = firstItem(scorers, scorers.length, start);
      if (first === NO_ITEM) break;
      start = first - (first % WINDOW);
      const end = Math.min(start + WINDOW, nItems);
      let count = 0;
      for (const scorer of scorers) count = addGroup(index, scorer, { start, end, count }, tally);
      for (const offset of selectItems(index, start, count, 0, accept)) {
        found.items.push(start + offset);
        found.scores.push(scores[offset]!);
      }
      for (let i = 0; i < count; i++) scores[met[i]!] = 0;
      start = end;
      spendWindow(tally, work);
    }
  });
  return found;
}
