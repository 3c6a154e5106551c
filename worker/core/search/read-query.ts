import { parseFilter } from "../columns/parse.ts";
import { SearchError, searchError } from "../format/search-error.ts";
import type { Work } from "../format/work.ts";
import { withKnownOptions } from "../keyword/expanded-query.ts";
import { type KeywordQuery, parseKeywordQuery, withoutExclusions } from "../keyword/query.ts";
import { curationFor, withSynonyms } from "./curation/match.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { Query } from "./query.ts";
import { queryVector } from "./query-vector.ts";
import { groupByOf, isBrowsing, sortOf } from "./request.ts";
import type { Searcher } from "./searcher.ts";
import type { AnswerMode, SearchRequest, SearchWarning } from "./types.ts";

/** Work in nanoseconds: of a search whatever it asks for, and of taking a query apart: a character, a word. */
const SEARCH_NS = 300_000;
const CHARACTER_NS = 200;

const WORD_NS = 2_500;

/** Returns the work of taking a query apart. */
function readingNs(query: string): number {
  let words = 0;
  for (const _ of query.matchAll(/[\p{L}\p{N}]+/gu)) words++;
  return query.length * CHARACTER_NS + words * WORD_NS;
}

const NOTHING_UNDERSTOOD: SearchWarning = {
  code: "NOTHING_UNDERSTOOD",
  message: "The embedder knows nothing in this text, so there is nothing to compare documents with.",
};

/**
 * Reads a request for an index: chooses the mode, takes the text and the filter apart and embeds what is searched for.
 * Everything behind this works on the result.
 *
 * @throws SearchError when the request does not fit the index
 */
export async function readQuery(
  searcher: Searcher,
  request: SearchRequest,
): Promise<{ readonly query: Query; readonly warnings: readonly SearchWarning[] }> {
  const { index, options } = searcher;
  const { work } = options;
  work?.spend("search", SEARCH_NS);
  work?.spend("text", readingNs(request.query ?? ""));
  const mode = modeOf(index, request);
  const words = wordsOf(index, request, work);
  const { searchK, filter, facets, facetsOf, include, minScore } = request;
  const keywordWeight = weightOf(request, mode);
  const curation =
    index.curation && words && request.curation !== false
      ? curationFor(index.curation, words, work)
      : undefined;
  const sort = request.sort && sortOf(request.sort);
  const groupBy = request.groupBy && groupByOf(request.groupBy);
  const { vector, warnings } = await vectorOf(searcher, request, mode, words);
  const query: Query = {
    mode,
    searchK,
    ...(words && { words }),
    ...(vector && { vector }),
    ...(filter !== undefined && { filter: parseFilter(filter) }),
    ...(facets && { facets }),
    ...(facetsOf && { facetsOf }),
    ...(keywordWeight !== undefined && { keywordWeight }),
    ...(curation && { curation }),
    ...(include.some((part) => part === "highlights" || part === "explanation") && { terms: true }),
    ...(sort && { sort }),
    ...(groupBy && { groupBy }),
    ...(request.total && { total: true }),
    ...(minScore !== undefined && { minScore }),
  };
  return { query, warnings };
}

/** The text of a request, taken apart. Which of its options a part of the index knows, the part finds out. */
function wordsOf(
  index: LoadedIndex,
  { query, prefix, curation }: SearchRequest,
  work: Work | undefined,
): KeywordQuery | undefined {
  if (query === undefined) return undefined;
  const parsed = parseKeywordQuery(query, index.words?.language ?? "none", prefix);
  const words = index.curation && curation !== false ? withSynonyms(index.curation, parsed, work) : parsed;
  return index.keyword ? withKnownOptions(index.keyword, words) : words;
}

/**
 * The share of the words that a request asks for; undefined where the balance follows from the query.
 *
 * @throws SearchError `INVALID_VALUE` where there are no two rankings to weigh
 */
function weightOf({ weights }: SearchRequest, mode: AnswerMode): number | undefined {
  // Without either weight nothing is asked for.
  if (weights === undefined || (weights.keyword ?? weights.vector) === undefined) return undefined;
  if (mode !== "hybrid") {
    throw searchError(
      "INVALID_VALUE",
      "weights",
      `weights balance words and vectors in mode hybrid; this search has mode ${mode}.`,
    );
  }
  const { keyword = 1 - (weights.vector ?? 0), vector = 1 - keyword } = weights;
  if (keyword + vector <= 0) {
    throw searchError("INVALID_VALUE", "weights", "One of the weights must be above 0.");
  }
  return keyword / (keyword + vector);
}

/**
 * The query's vector, or why there is none. When an embedder behind a network fails, a hybrid search goes on with the
 * words alone, and says so.
 */
async function vectorOf(
  searcher: Searcher,
  request: SearchRequest,
  mode: AnswerMode,
  words: KeywordQuery | undefined,
): Promise<{ vector?: Float32Array | undefined; warnings: readonly SearchWarning[] }> {
  if (mode === "keyword" || mode === "browse") return { warnings: [] };
  const given = request.query ?? "";
  const text = (mode === "hybrid" && words && withoutExclusions(given, words)) || given;
  try {
    const vector = await queryVector(searcher, request, text);
    return { vector, warnings: vector ? [] : [NOTHING_UNDERSTOOD] };
  } catch (error) {
    if (mode !== "hybrid" || !(error instanceof SearchError) || error.code !== "EMBEDDING_FAILED")
      throw error;
    return { warnings: [{ code: "EMBEDDER_UNAVAILABLE", message: error.message }] };
  }
}

/** @throws SearchError when the index or the kind of query does not allow the mode */
function modeOf(index: LoadedIndex, request: SearchRequest): AnswerMode {
  const { mode, query } = request;
  if (query === undefined && isBrowsing(request)) {
    if (mode === undefined) return "browse";
    const message = `Mode ${mode} searches for something; this request has no query, and only browses.`;
    throw searchError("INVALID_VALUE", "mode", message);
  }
  if (mode === undefined) return defaultMode(index, request);
  if (mode === "vector") return mode;
  if (query === undefined) {
    throw searchError("INVALID_VALUE", "mode", `Mode ${mode} searches by words; this request has no query.`);
  }
  if (!index.words) {
    throw searchError("NO_KEYWORD_INDEX", "mode", `Index ${index.name} was built without a keyword index.`);
  }
  if (mode === "keyword" && request.mmr) {
    throw searchError("INVALID_VALUE", "mmr", "mmr compares vectors; use it with mode vector or hybrid.");
  }
  return mode;
}

/**
 * Both for a text where the index has both. Words alone where the index has no embedder for a text, and where the answer is sorted: what
 * holds the words is to be sorted, and not what is near them. Vectors otherwise.
 */
function defaultMode(index: LoadedIndex, { query, sort, mmr }: SearchRequest): AnswerMode {
  if (query === undefined || !index.words) return "vector";
  if (sort !== undefined) return "keyword";
  if (index.embedder) return "hybrid";
  return mmr ? "vector" : "keyword";
}
