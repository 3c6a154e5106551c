import { inverseDocumentFrequency, scoreGroups } from "./bm25.ts";
import { hasBit } from "./conditions.ts";
import { expandQuery, type QueryGroup } from "./expand.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { type KeywordQuery, parseKeywordQuery } from "./query.ts";
import { type UnderstoodQuery, understand } from "./understand.ts";

export interface WordRankOptions {
  /** Hits wanted, at least 1. */
  readonly k: number;
  /** Items for which this returns false are passed over. */
  readonly accept?: ((item: number) => boolean) | undefined;
  /** Whether `accept` is known to pass nearly all. */
  readonly acceptsMost?: boolean | undefined;
  /** Whether so many hits are few, so that near words are added; by default, fewer than {@link FEW_HITS}. */
  readonly isFew?: ((hits: number) => boolean) | undefined;
  /** Score that hits must exceed; 0 by default. */
  readonly above?: number | undefined;
}

export interface KeywordSearchOptions extends WordRankOptions {
  /** Search as you type: complete the last word though it is one. An unknown last word is completed anyway. */
  readonly prefix?: boolean;
}

export interface KeywordHits {
  /** Best first; ties by item number. */
  readonly items: number[];
  /** BM25, larger is better. */
  readonly scores: number[];
  /** The highest score that a document could have for this query: every word, often, in a short text. */
  readonly bound: number;
  /** The part of each word in the bound, by the word. */
  readonly bounds: readonly (readonly [string, number])[];
  /** Phrases that the hits were not held to, because the index has no positions: look into the documents. */
  readonly unverified?: Pick<KeywordQuery, "phrases" | "excludedPhrases">;
}

/** When the words themselves find fewer, what is near them is looked for, too. */
export const FEW_HITS = 10;

/** Takes a text apart, looks up its words and ranks by them: see {@link rankByWords}. */
export function keywordSearch(index: KeywordIndex, text: string, options: KeywordSearchOptions): KeywordHits {
  return rankByWords(
    index,
    understand(index, parseKeywordQuery(text, index.language, options.prefix)),
    options,
  );
}

/**
 * The k best items for a query by BM25. Synchronous; memory is a fixed scratch, the heap, and what the query's words
 * take. When few items hold the words themselves, completions and near words fill up from behind.
 *
 * @throws ArtifactError `CORRUPT_KEYWORDS` when a damaged list is met
 */
export function rankByWords(
  index: KeywordIndex,
  { query, groups, relax, work, kept, isFew: isFewOfAll }: UnderstoodQuery,
  options: WordRankOptions,
): KeywordHits {
  const bits = kept();
  const accept = bits ? both(hasBit(bits), options.accept) : options.accept;
  const nDocuments = index.collectionDocuments;
  // Whether hits are few must not depend on how many are wanted, or pages of one search would differ.
  const run = (groups: readonly QueryGroup[]) =>
    scoreGroups(
      index,
      groups,
      {
        ...{ k: Math.max(options.k, FEW_HITS), accept, above: options.above, work },
        acceptsMost: !bits && options.acceptsMost,
      },
      nDocuments,
    );
  const bounds = boundsOf(index, query, groups, nDocuments);
  const bound = bounds.reduce((sum, [, part]) => sum + part, 0);
  let hits: KeywordHits = { ...run(groups), bound, bounds };
  // Without a group there is no word to be relaxed: unknown ones have been given all their near words.
  const { isFew = isFewOfAll ?? ((hits) => hits < FEW_HITS) } = options;
  if (isFew(hits.items.length) && groups.length > 0 && query.words.some((word) => !word.exact)) {
    const relaxed = relax?.() ?? expandQuery(index, query, { relaxed: true, work });
    if (relaxed.length > groups.length) hits = { ...run(relaxed), bound, bounds };
  }
  if (hits.items.length > options.k) {
    hits = { ...hits, items: hits.items.slice(0, options.k), scores: hits.scores.slice(0, options.k) };
  }
  const unverified =
    !index.positions &&
    (query.phrases.some((p) => p.length > 1) ||
      query.excludedPhrases.some(({ phrase }) => phrase.length > 1));
  return unverified ? { ...hits, unverified: query } : hits;
}

/** Both must accept; without the second one, the first. */
export function both(
  a: (item: number) => boolean,
  b: ((item: number) => boolean) | undefined,
): (item: number) => boolean {
  return b ? (item) => a(item) && b(item) : a;
}

/** Returns for each word what a short text gets that holds it often; of alternatives the best. */
export function boundsOf(
  { k1 }: KeywordIndex,
  { words }: KeywordQuery,
  groups: readonly QueryGroup[],
  nDocuments: number,
): [string, number][] {
  const best = new Map<string, number>();
  for (const { word, weight, documents } of groups) {
    const { term, exact } = words[word]!;
    const key = exact ? `"${term}"` : term;
    const part = weight * inverseDocumentFrequency(nDocuments, documents) * (k1 + 1);
    if (part > (best.get(key) ?? 0)) best.set(key, part);
  }
  return [...best];
}
