import type { Reranker } from "../embedding/types.ts";
import { AnnoyEdgeError } from "../format/errors.ts";
import { searchError } from "../format/search-error.ts";
import { withoutPhrases } from "../keyword/query.ts";
import { type Arranged, arrange, type PageEnd } from "./arrange.ts";
import { withRules } from "./curation/apply.ts";
import { FUSION_DEPTH } from "./fusion.ts";
import { isListed, type Query, rankedWords } from "./query.ts";
import { type Combined, type Ranked, rankAll, textCheck, withPins } from "./rank.ts";
import { pickFrom, type Ranking, type Rankings } from "./ranking.ts";
import { DEFAULT_RERANKED } from "./schema.ts";
import { type Exactness, type Searcher, timed } from "./searcher.ts";
import type { Rule, SearchRequest, SearchWarning, Total } from "./types.ts";

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
export function rankPage(searcher: Searcher, query: Query, request: SearchRequest): Promise<RankedPage> {
  const { inTurn } = searcher.index;
  const run = () => rankInTurn(searcher, query, request);
  return inTurn ? inTurn(run, searcher.options.work) : run();
}

async function rankInTurn(searcher: Searcher, query: Query, request: SearchRequest): Promise<RankedPage> {
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

/** A page as far as it tells how many documents there are. */
type Countable = Pick<Ranked & Arranged, "ranking" | "rankings" | "found" | "groups" | "end">;

/**
 * The number of documents that a query finds. Exact where they can be counted: without a query, and by words. Vectors find every
 * document that passes the filter, near or far, so with them it is an estimate: those that hold a word of the query, or where none
 * does those that pass.
 */
function totalOf(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
  page: Countable,
): Total | undefined {
  const { counts, parts = 1, bounded } = page.rankings;
  if (!counts) return undefined;
  const { minScore = 0, groupBy } = query;
  const isCounted = query.mode === "browse" || query.mode === "keyword";
  const isExact =
    isCounted &&
    !textCheck(searcher, query) &&
    !counts.groupsRepeated &&
    // A part that lacks a word of the query scores what it has too high.
    (minScore === 0 || ((parts === 1 || bounded) && !isMoved(query, page.rankings))) &&
    (searcher.shards?.missing.size ?? 0) === 0;
  const estimated = estimate(query, request, page);
  const { documents, groups } = isExact ? counts : estimated;
  return {
    value: documents,
    relation: isExact ? "exact" : "estimate",
    ...(groupBy && { groups: groups ?? 0 }),
  };
}

/** Whether boosts, or a preference for a language, change the scores that documents are counted by. Lists have neither. */
function isMoved(query: Query, { languages }: Rankings): boolean {
  const isBoosted = (query.curation?.boosts.length ?? 0) > 0;
  return !isListed(query) && (isBoosted || languages !== undefined);
}

/**
 * Estimates from what is counted and what pages have shown. Where a ranking has reached its end, an estimate is no more than that, and
 * that on the last page.
 */
function estimate(
  query: Query,
  { offset = 0, k }: SearchRequest,
  { ranking, rankings, found, groups: ranked, end }: Countable,
): PageEnd {
  const units: readonly unknown[] = ranked ?? ranking.items;
  const { documents = 0, passing = 0, groups = 0 } = rankings.counts ?? {};
  const shown = units.length > 0 ? offset + units.length : 0;
  const least = query.groupBy ? ranking.items.length : shown;
  const estimated = {
    documents: Math.max(documents > 0 ? documents : passing, least),
    groups: Math.max(groups || found, shown),
  };
  if (!end) return estimated;
  const last = query.groupBy ? (end.groups ?? 0) : end.documents;
  // Of what has no end the best are sorted.
  if (offset + k >= last || (query.sort && query.vector)) return end;
  return {
    documents: Math.min(estimated.documents, end.documents),
    groups: Math.min(estimated.groups, end.groups ?? 0),
  };
}

/** Characters of a document that are read: such models cut at about 512 tokens. */
const MAX_TEXT = 2_000;

/** The page of a request, after its first hits have been ordered by a reranker where the request asks for that. */
export async function rankReranked(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
): Promise<RankedPage> {
  const first = firstOf(request);
  if (first === undefined) return rankPage(searcher, query, request);
  const { reranker } = searcher.options;
  requireRerankable(request, reranker);
  const { offset = 0, k } = request;
  // All pages are cut from one order, whose beginning is the reranker's.
  const whole = await rankPage(searcher, query, { ...request, offset: 0, k: Math.max(first, offset + k) });
  const page = await reranked(searcher, request, { page: whole, first, reranker });
  const positions = [...page.ranking.items.keys()].slice(offset, offset + k);
  return { ...page, ranking: pickFrom(page.ranking, positions) };
}

/** Hits that are reranked; undefined where none are. */
function firstOf({ rerank }: SearchRequest): number | undefined {
  if (rerank === undefined || rerank === false) return undefined;
  return rerank === true ? DEFAULT_RERANKED : (rerank.first ?? DEFAULT_RERANKED);
}

/** @throws SearchError where there is no reranker, no text, or another order is asked for */
function requireRerankable(
  request: SearchRequest,
  reranker: Reranker | undefined,
): asserts reranker is Reranker {
  const refuse = (message: string) => searchError("INVALID_VALUE", "rerank", message);
  if (request.query === undefined) throw refuse("rerank compares texts; this request has no query.");
  for (const field of ["sort", "groupBy", "mmr"] as const) {
    if (request[field] !== undefined) throw refuse(`rerank and ${field} are two orders; ask for one.`);
  }
  if (!reranker) throw searchError("NO_RERANKER", "rerank", "No reranker is set up here: see RERANKER.");
}

interface Reranking {
  readonly page: RankedPage;
  readonly first: number;
  readonly reranker: Reranker;
}

async function reranked(
  searcher: Searcher,
  { query = "" }: SearchRequest,
  { page, first, reranker }: Reranking,
): Promise<RankedPage> {
  const { ranking, rankings } = page;
  const pins = new Set(rankings.curated?.pinned.map(({ item }) => item));
  // What editors have put first stays there.
  const positions = [...ranking.items.keys()].slice(0, first).filter((i) => !pins.has(ranking.items[i]!));
  if (positions.length < 2) return page;
  const documents = await searcher.documents(positions.map((i) => ranking.items[i]!));
  const texts = documents.map((document) => textOf(document));
  let scores: readonly number[];
  try {
    scores = await timed("rerank", searcher.options, () => reranker.scores(query, texts));
  } catch (error) {
    if (!(error instanceof AnnoyEdgeError)) throw error;
    const message = `The order is the one before reranking: ${error.message}`;
    return { ...page, warnings: [...page.warnings, { code: "RERANKER_UNAVAILABLE", message }] };
  }
  const order = [...positions.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  const rules = new Map<number, Rule[]>();
  const places = [...ranking.items.keys()];
  for (const [place, from] of order.entries()) {
    const position = positions[from]!;
    places[positions[place]!] = position;
    const message = `${reranker.name} gives it ${scores[from]!.toFixed(3)}; before, it had rank ${position + 1}.`;
    rules.set(ranking.items[position]!, [{ rule: "reranked", message }]);
  }
  return { ...page, ranking: inPlaces(ranking, places), rules: withRules(page.rules, rules) };
}

function textOf(
  document:
    | { readonly pageContent: string; readonly metadata: Readonly<Record<string, unknown>> }
    | undefined,
): string {
  if (!document) return "";
  const { title } = document.metadata;
  const head = typeof title === "string" ? `${title}\n` : "";
  return `${head}${document.pageContent}`.slice(0, MAX_TEXT).toWellFormed();
}

/** The items in another order. Scores stay with the places, so that they descend. */
function inPlaces(ranking: Ranking, places: readonly number[]): Ranking {
  return { ...pickFrom(ranking, places), scores: ranking.scores };
}
