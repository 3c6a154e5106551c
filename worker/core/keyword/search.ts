import type { Accept } from "../forest/types.ts";
import { inverseDocumentFrequency, type Scored, type ScoreOptions, scoreBest, scoreEvery } from "./bm25.ts";
import { both, hasBit } from "./conditions.ts";
import type { QueryGroup } from "./expand.ts";
import { type ExpandedQuery, expandWords } from "./expanded-query.ts";
import { tellingGroups } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { eachItem } from "./postings.ts";
import { type KeywordQuery, parseKeywordQuery } from "./query.ts";

export interface WordRankOptions extends ScoreOptions {
  /** Whether a number of hits is few, so that near words are added; by default, fewer than {@link FEW_HITS}. */
  readonly isFew?: ((hits: number) => boolean) | undefined;
}

/** Items that a query finds, with their scores by BM25, larger is better. */
export interface KeywordHits extends Scored {
  /** The highest score that a document could have for this query: every word, often, in a short text. */
  readonly bound: number;
  /** The part of each word in the bound, by the word. */
  readonly bounds: readonly (readonly [word: string, part: number])[];
}

/** Near words are added when the words themselves find fewer hits than this. */
export const FEW_HITS = 10;

/**
 * Takes a text apart, looks up its words and ranks by them: see {@link rankByWords}.
 *
 * @param prefix search as you type: the last word is completed though it is one
 */
export function keywordSearch(
  index: KeywordIndex,
  text: string,
  { prefix, ...options }: WordRankOptions & { readonly prefix?: boolean },
): KeywordHits {
  return rankByWords(index, expandWords(index, parseKeywordQuery(text, index.language, prefix)), options);
}

/**
 * The k best items for a query by BM25; ties by item number. Synchronous; memory is a fixed scratch, the heap, and what the
 * query's words take. When few items hold the words themselves, completions and near words fill up from behind. Where the
 * index has no positions, phrases are not held to their order.
 *
 * @throws ArtifactError `CORRUPT_KEYWORDS` when a damaged list is met
 */
export function rankByWords(
  index: KeywordIndex,
  expanded: ExpandedQuery,
  options: WordRankOptions,
): KeywordHits {
  // Whether hits are few must not depend on how many are wanted, or pages of one search would differ.
  const k = Math.max(options.k, FEW_HITS);
  const hits = relaxedWhereFew(index, expanded, options, (groups, accept) =>
    // The operators of a text may pass few.
    scoreBest(
      index,
      groups,
      { ...options, k, accept, acceptsMost: options.acceptsMost && accept === options.accept },
      expanded.work,
    ),
  );
  if (hits.items.length <= options.k) return hits;
  return { ...hits, items: hits.items.slice(0, options.k), scores: hits.scores.slice(0, options.k) };
}

/**
 * The items that {@link rankByWords} finds, whatever the number wanted, ascending: those with a word of the query, frequent or
 * not, and where they are few those near them. Linear in the words' lists.
 *
 * @throws ArtifactError `CORRUPT_KEYWORDS` when a damaged list is met
 */
export function everyMatch(
  index: KeywordIndex,
  expanded: ExpandedQuery,
  options: Pick<WordRankOptions, "accept" | "isFew">,
): KeywordHits {
  return relaxedWhereFew(index, expanded, options, (groups, accept) =>
    scoreEvery(index, groups, accept, expanded.work),
  );
}

/** Scores the groups of a query, and where these find little once more with near words. */
function relaxedWhereFew(
  index: KeywordIndex,
  { query, groups, relax, kept, isFew: isFewOfAll }: ExpandedQuery,
  options: Pick<WordRankOptions, "accept" | "isFew">,
  score: (groups: readonly QueryGroup[], accept: Accept | undefined) => Scored,
): KeywordHits {
  const bits = kept();
  const accept = both(bits && hasBit(bits), options.accept);
  const bounds = boundsOf(index, query, groups);
  const found = score(groups, accept);
  const { isFew = isFewOfAll ?? ((hits) => hits < FEW_HITS) } = options;
  // Without a group there is no word to be relaxed: unknown ones have been given all their near words.
  const isRelaxed = isFew(found.items.length) && groups.length > 0 && query.words.some((word) => !word.exact);
  const relaxed = isRelaxed ? relax() : groups;
  return { ...(relaxed.length > groups.length ? score(relaxed, accept) : found), ...bounds };
}

/**
 * The items that hold a word of the query which tells documents apart, or any word where none does, ascending: what
 * {@link matchingItems} counts. Linear in the words' lists.
 *
 * @throws ArtifactError `CORRUPT_KEYWORDS` when a damaged list is met
 */
export function tellingMatches(
  index: KeywordIndex,
  expanded: ExpandedQuery,
  accept: Accept | undefined,
): KeywordHits {
  const { query, groups, work } = expanded;
  const holds = both(hasBit(matchingItems(index, expanded)), accept);
  return { ...scoreEvery(index, groups, holds, work), ...boundsOf(index, query, groups) };
}

/**
 * The items that hold a word of a query, a bit each: any word that says something, with its phrases and without what is excluded,
 * as {@link rankByWords} finds them. Linear in the words' lists.
 *
 * @throws ArtifactError `CORRUPT_KEYWORDS` when a damaged list is met
 */
export function matchingItems(index: KeywordIndex, expanded: ExpandedQuery): Uint32Array {
  const { groups, work } = expanded;
  const bits = new Uint32Array(Math.ceil(index.nItems / 32));
  for (const { entries, phrase } of tellingGroups(index, groups)) {
    for (const item of phrase?.items ?? []) bits[item >>> 5]! |= 1 << (item & 31);
    for (const entry of entries) {
      eachItem(index, entry, work, (item) => {
        bits[item >>> 5]! |= 1 << (item & 31);
      });
    }
  }
  const kept = expanded.kept();
  if (kept) for (let i = 0; i < bits.length; i++) bits[i]! &= kept[i]!;
  return bits;
}

/** Returns for each word what a short text gets that holds it often, of alternatives the best; and their sum. */
function boundsOf(
  { k1, collectionDocuments }: KeywordIndex,
  { words }: KeywordQuery,
  groups: readonly QueryGroup[],
): Pick<KeywordHits, "bound" | "bounds"> {
  const best = new Map<string, number>();
  for (const { word, weight, documents } of groups) {
    const { term, exact } = words[word]!;
    const key = exact ? `"${term}"` : term;
    const part = weight * inverseDocumentFrequency(collectionDocuments, documents) * (k1 + 1);
    if (part > (best.get(key) ?? 0)) best.set(key, part);
  }
  const bounds = [...best];
  return { bound: bounds.reduce((sum, [, part]) => sum + part, 0), bounds };
}
