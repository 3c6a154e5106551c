import type { Forest } from "../../forest/types.ts";
import { foundTerms } from "../../keyword/expanded-query.ts";
import { expandJoined, type JoinedQuery } from "../../keyword/joined.ts";
import { rarestFirst } from "../../keyword/rare.ts";
import { FEW_HITS, rankByWords } from "../../keyword/search.ts";
import type { Changes, LoadedIndex } from "../loaded-index.ts";
import { filterOf, type PartOptions } from "../memory/conditions.ts";
import { rankInMemory } from "../memory/rank.ts";
import { mergeRankings, shifted } from "../merge.ts";
import { type Query, rankedWords, readsColumns } from "../query.ts";
import type { Rankings, RankOptions, WholeColumns } from "../ranking.ts";
import type { SearchOptions } from "../searcher.ts";

export type ChangedIndex = LoadedIndex & { readonly changes: Changes };

/**
 * Ranks the items of base and changes, each in memory, and merges what they find: by exact distance, and by words whose
 * frequencies are those of all documents that are left.
 */
export async function rankChanged(
  index: ChangedIndex,
  query: Query,
  wanted: RankOptions,
  options: SearchOptions,
): Promise<Rankings> {
  const { k } = wanted;
  const { base, added, kept, keywords } = index.changes;
  const words = rankedWords(query) ?? (query.terms ? query.words : undefined);
  const joined = keywords && words && expandJoined(keywords, words, kept.accept, { ...wanted, ...options });
  const { terms: isWanted, ...own } = query;
  const part: PartOptions = { ...(readsColumns(query) && { whole: wholeOf(index) }), ...wanted };
  // Whether near words are added is decided by the hits of both parts: the base's count while it is ranked.
  let isFew = false;
  const ofBase = await rankInMemory(
    base,
    own,
    {
      ...part,
      within: kept,
      expanded: joined?.base,
      isFew: (hits) => {
        const all = hits < FEW_HITS ? hits + wordHits(index, query, part, joined) : hits;
        isFew = joined?.whole.isFew?.(all) ?? all < FEW_HITS;
        return isFew;
      },
    },
    options,
  );
  const ofAdded = await rankInMemory(
    added,
    query.searchK === -1 ? { ...own, searchK: searchKOfChanges(base.forest, added.forest, k) } : own,
    { ...part, expanded: joined?.added, isFew: () => isFew, last: lastOf(ofBase, k) },
    options,
  );
  const merged = mergeRankings(base.forest.metric, [ofBase, shifted(ofAdded, base.forest.nItems)], k);
  const { rare } = merged;
  return {
    ...merged,
    ...(joined && { bounded: true }),
    ...(joined?.whole.report && { told: joined.whole.report() }),
    ...(rare && joined && { rare: rarestFirst(rare, keywords!.whole, joined.whole) }),
    ...(isWanted && joined && { terms: foundTerms(keywords!.whole, joined.whole) }),
  };
}

/** Distance and score of the k-th hits, where there are k. */
function lastOf({ vectors, words }: Rankings, k: number): PartOptions["last"] {
  return { distance: vectors?.distances?.[k - 1], score: words?.scores[k - 1] };
}

/** Fields of both parts, whose counts are added up: every value counts. */
function wholeOf({ manifest }: LoadedIndex): WholeColumns {
  const fields = (manifest.columns ?? []).map(({ field }) => field);
  return { fields, facetValues: Number.POSITIVE_INFINITY };
}

/** Hits of the changes by the words themselves, up to as many as are enough. */
function wordHits(
  { changes: { added } }: ChangedIndex,
  query: Query,
  part: PartOptions,
  joined: JoinedQuery | undefined,
): number {
  if (!joined || !added.keyword || !rankedWords(query)) return 0;
  const accept = query.filter && filterOf(added, query.filter, part.whole).accept;
  return rankByWords(added.keyword, joined.added, { k: FEW_HITS, accept, isFew: () => false }).items.length;
}

/** Candidates of the changes to those of the base, each in parts of all: a small forest has coarser leaves. */
const SHARE = 1.5;
/** Candidates beyond that share: three leaves of the default size at 256 dimensions. */
const MORE = 333;

/**
 * Returns the changes' searchK for k neighbours among base and changes. Their own default, which their header has for ten
 * neighbours, suffices for a search of the changes alone; beside a base they need no larger share of candidates than it looks at.
 */
export function searchKOfChanges(base: Forest, { artifact: { header }, nItems }: Forest, k: number): number {
  const own = header.defaultSearchK * Math.max(1, Math.sqrt(k / 10));
  const share = SHARE * base.defaultSearchK(k) * (nItems / Math.max(1, base.nItems));
  return Math.ceil(Math.min(own, Math.max(k, share + MORE)));
}
