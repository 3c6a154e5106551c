import { withoutPhrases } from "../keyword/query.ts";
import { type Arranged, arrange } from "./arrange.ts";
import type { Combined } from "./combine.ts";
import { FUSION_DEPTH } from "./fusion.ts";
import { isListed, type Query, rankedWords } from "./query.ts";
import { type Ranked, rankAll, textCheck, withPins } from "./rank.ts";
import { pickFrom, type Ranking, type Rankings } from "./ranking.ts";
import type { Exactness, Searcher } from "./searcher.ts";
import { totalOf } from "./total.ts";
import type { SearchRequest, SearchWarning, Total } from "./types.ts";

/** The items of a page of an answer, and what there is to say of them, documents unread. */
export interface RankedPage extends Omit<Combined, "ranking">, Pick<Arranged, "groups" | "sortValues"> {
  readonly ranking: Ranking;
  /** Rankings by words and by the vector. */
  readonly rankings: Rankings;
  readonly total?: Total;
  readonly warnings: readonly SearchWarning[];
}

const VECTORS_UNAVAILABLE: SearchWarning = {
  code: "VECTORS_UNAVAILABLE",
  message:
    "The vectors in the cold part cannot be read at the moment: items are ranked by their resident codes, and distances are estimates.",
};

const MAX_SHOWN = 100;

/**
 * Ranks down to the end of the page that is asked for, chooses by marginal relevance, and cuts the page out. Documents are
 * read only where the index cannot tell whether the words of a phrase stand together. Phrases that leave nothing are given
 * up, with a warning.
 */
export async function rankPage(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
): Promise<RankedPage> {
  const cut = query.sort || query.groupBy || isListed(query) ? arrange : cutOut;
  const strict = await cut(searcher, query, request);
  const phrases = rankedWords(query)?.phrases ?? [];
  const isLoose = strict.found === 0 && phrases.length > 0;
  const used = isLoose ? loosened(query) : query;
  const { found, estimated: _, end, ...page } = isLoose ? await cut(searcher, used, request) : strict;
  const exactness: Exactness = { estimated: strict.estimated };
  const ranking = await withDistances(searcher, query, page, exactness);
  const total =
    query.total && totalOf(searcher, used, request, { ...page, ranking, found, ...(end && { end }) });
  return {
    ...page,
    ranking,
    ...(total && { total }),
    warnings: [
      ...(exactness.estimated ? [VECTORS_UNAVAILABLE] : []),
      ...(isLoose ? [phraseNotFound(phrases)] : []),
    ],
  };
}

/** A page as it was ranked. */
async function cutOut(searcher: Searcher, query: Query, request: SearchRequest): Promise<Ranked & Arranged> {
  const { offset = 0, k, minScore = 0, mmr } = request;
  const depth = offset + k;
  // Hits of a least score are few: how many there are is known where the ranking is seen so deep as it is made.
  const seen = query.total && query.mode !== "vector" && minScore > 0 ? Math.max(depth, FUSION_DEPTH) : depth;
  const ranked = await rankAll(searcher, query, request, mmr ? depth : seen);
  const { ranking, rules, pinned } = withPins(searcher, query, ranked);
  const good = [...ranking.items.keys()].filter((i) => i < pinned || ranking.scores[i]! >= minScore);
  const isEnd = ranked.ranking.items.length < seen || good.length < ranking.items.length;
  return {
    ...ranked,
    rules,
    ranking: pickFrom(
      ranking,
      good.filter((i) => i >= offset && i < depth),
    ),
    found: ranked.ranking.items.length,
    ...(isEnd && !mmr && !textCheck(searcher, query) && { end: { documents: good.length } }),
  };
}

/** The ranking with its distances from the query's vector: what the vector has found has its own, the rest may have estimates. */
async function withDistances(
  searcher: Searcher,
  { mode, vector }: Query,
  { ranking, rankings }: Pick<RankedPage, "ranking" | "rankings">,
  exactness: Exactness,
): Promise<Ranking> {
  const { distances: known, ...undistanced } = ranking;
  if (!vector) return undistanced;
  if (mode === "vector") return { ...undistanced, ...(known && { distances: known }) };
  const exact = new Set(rankings.vectors?.items);
  const places = [...ranking.items.keys()].filter((i) => !known || !exact.has(ranking.items[i]!));
  const distances = [...(known ?? [])];
  if (places.length > 0) {
    const found = await searcher.distances(vector, pickFrom(ranking, places), exactness);
    for (const [i, place] of places.entries()) distances[place] = found[i]!;
  }
  return { ...undistanced, distances };
}

/** The query by its words alone: quotes that were pasted are no condition that nothing meets. */
function loosened(query: Query): Query {
  return query.words ? { ...query, words: withoutPhrases(query.words) } : query;
}

function phraseNotFound(phrases: readonly (readonly string[])[]): SearchWarning {
  const [first = []] = phrases;
  const which = phrases.length > 1 ? "all quoted texts" : `"${first.join(" ").slice(0, MAX_SHOWN)}"`;
  return {
    code: "PHRASE_NOT_FOUND",
    message: `No document that passes holds ${which} word by word: the hits are those of the words.`,
  };
}
