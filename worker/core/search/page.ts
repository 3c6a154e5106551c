import { withoutPhrases } from "../keyword/query.ts";
import { FUSION_DEPTH } from "./fusion.ts";
import { isListed, type Query, rankedWords } from "./query.ts";
import { type PageCut, rankAll, textCheck, withPins } from "./rank.ts";
import { pickFrom, type Ranking } from "./ranking.ts";
import type { Exactness, Searcher } from "./searcher.ts";
import { sortedPage } from "./sorted-page.ts";
import { totalOf } from "./total.ts";
import type { SearchRequest, SearchWarning, Total } from "./types.ts";

/** A page of items with its total and warnings; documents are not read yet. */
export interface RankedPage extends Omit<PageCut, "found" | "end" | "estimated"> {
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
export function rankPage(searcher: Searcher, query: Query, request: SearchRequest): Promise<RankedPage> {
  const { inTurn } = searcher.index;
  const run = () => rankInTurn(searcher, query, request);
  return inTurn ? inTurn(run, searcher.options.work) : run();
}

async function rankInTurn(searcher: Searcher, query: Query, request: SearchRequest): Promise<RankedPage> {
  const cut = query.sort || query.groupBy || isListed(query) ? sortedPage : rankedPage;
  const phrases = rankedWords(query)?.phrases ?? [];
  const strict = await cut(searcher, query, request);
  const isLoose = strict.found === 0 && phrases.length > 0;
  const used = isLoose ? loosened(query) : query;
  const page = isLoose ? await cut(searcher, used, request) : strict;
  const exactness: Exactness = { estimated: strict.estimated };
  const ranking = query.vector
    ? await withDistances(searcher, { ...query, vector: query.vector }, page, exactness)
    : withoutDistances(page.ranking);
  const total = query.total && totalOf(searcher, used, request, { ...page, ranking });
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

/** Cuts a page out of a ranking by words and vectors. */
async function rankedPage(searcher: Searcher, query: Query, request: SearchRequest): Promise<PageCut> {
  const { offset = 0, k, minScore = 0, mmr } = request;
  const depth = offset + k;
  // Few hits reach a least score. The ranking is made to this depth anyway, and tells their number.
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
    ...(isEnd && !mmr && !textCheck(searcher, rankedWords(query)) && { end: { documents: good.length } }),
  };
}

/** Adds exact distances from the query's vector: items that the words alone have found may have estimates. */
async function withDistances(
  searcher: Searcher,
  { mode, vector }: Query & { readonly vector: Float32Array },
  { ranking, rankings }: Pick<RankedPage, "ranking" | "rankings">,
  exactness: Exactness,
): Promise<Ranking> {
  const { distances: known } = ranking;
  if (mode === "vector") return ranking;
  const exact = new Set(rankings.vectors?.items);
  const places = [...ranking.items.keys()].filter((i) => !known || !exact.has(ranking.items[i]!));
  const distances = [...(known ?? [])];
  if (places.length > 0) {
    const found = await searcher.distances(vector, pickFrom(ranking, places), exactness);
    for (const [i, place] of places.entries()) distances[place] = found[i]!;
  }
  return { ...ranking, distances };
}

function withoutDistances({ items, scores }: Ranking): Ranking {
  return { items, scores };
}

/** The query without its quotes, which may have been pasted: a condition that no document meets is dropped. */
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
