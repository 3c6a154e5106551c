import { parseFilter } from "../columns/parse.ts";
import type { Embedder } from "../embedding/types.ts";
import { AnnoyEdgeError } from "../format/errors.ts";
import { SearchError, searchError } from "../format/search-error.ts";
import type { Work } from "../format/work.ts";
import { type KeywordQuery, parseKeywordQuery, withoutExclusions } from "../keyword/query.ts";
import { withKnownOptions } from "../keyword/understand.ts";
import { curationFor, withSynonyms } from "./curation/match.ts";
import { hasKeywords, type LoadedIndex, languageOf } from "./loaded-index.ts";
import { groupByOf, isBrowsing, type Query, sortOf } from "./query.ts";
import { requireItem, requireVector, type Searcher, timed } from "./searcher.ts";
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
  const { work } = searcher.options;
  work?.spend("search", SEARCH_NS);
  work?.spend("text", readingNs(request.query ?? ""));
  const mode = modeOf(searcher.index, request);
  const words = wordsOf(searcher.index, request, work);
  const { vector, warnings } = await understand(searcher, request, mode, words);
  const { searchK, filter, facets, facetsOf, include } = request;
  const keywordWeight = weightOf(request, mode);
  const sort = sortOf(request);
  const groupBy = groupByOf(request);
  const { curation } = searcher.index;
  const curated =
    curation && words && request.curation !== false ? curationFor(curation, words, work) : undefined;
  const query: Query = {
    mode,
    searchK,
    ...(words && { words }),
    ...(vector && { vector }),
    ...(filter !== undefined && { filter: parseFilter(filter) }),
    ...(facets && { facets }),
    ...(facetsOf && { facetsOf }),
    ...(keywordWeight !== undefined && { keywordWeight }),
    ...(curated && { curation: curated }),
    ...(include.some((part) => part === "highlights" || part === "explanation") && { terms: true }),
    ...(sort && { sort }),
    ...(groupBy && { groupBy }),
    ...(request.total && { total: true }),
    ...(request.minScore !== undefined && { minScore: request.minScore }),
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
  const parsed = parseKeywordQuery(query, languageOf(index), prefix);
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
async function understand(
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
  if (isBrowsing(request)) {
    if (mode === undefined) return "browse";
    const message = `Mode ${mode} searches for something; this request has no query, and only browses.`;
    throw searchError("INVALID_VALUE", "mode", message);
  }
  if (mode === undefined) return defaultMode(index, request);
  if (mode === "vector") return mode;
  if (query === undefined) {
    throw searchError("INVALID_VALUE", "mode", `Mode ${mode} searches by words; this request has no query.`);
  }
  if (!hasKeywords(index)) {
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
  if (query === undefined || !hasKeywords(index)) return "vector";
  if (sort !== undefined) return "keyword";
  if (index.embedder) return "hybrid";
  return mmr ? "vector" : "keyword";
}

/**
 * The vector that a request searches for.
 *
 * @param text what the embedder is given of a text query
 * @returns undefined for a text in which the embedder knows nothing
 * @throws SearchError `DIMENSION_MISMATCH`, `ITEM_NOT_FOUND`, `ID_NOT_FOUND`, `NO_EMBEDDER`, `EMBEDDING_FAILED`
 */
export async function queryVector(
  searcher: Searcher,
  request: SearchRequest,
  text: string,
): Promise<Float32Array | undefined> {
  if (request.vector !== undefined) return checkedVector(searcher.index, request.vector);
  if (request.item !== undefined) return requireVector(searcher, request.item);
  if (request.id !== undefined) {
    return requireVector(searcher, await requireItem(searcher, request.id), "id");
  }
  return embed(searcher, text);
}

function checkedVector(index: LoadedIndex, vector: readonly number[]): Float32Array {
  const { dimensions } = index.forest;
  if (vector.length !== dimensions) {
    throw searchError(
      "DIMENSION_MISMATCH",
      "vector",
      `vector has ${vector.length} numbers; index ${index.name} has ${dimensions} dimensions.`,
    );
  }
  return Float32Array.from(vector);
}

async function embed({ index, options }: Searcher, text: string): Promise<Float32Array | undefined> {
  const { embedder, forest } = index;
  if (!embedder) throw noEmbedder(index);
  const { provider, model } = embedder.identity;
  let vector: number[];
  try {
    options.work?.spend("text", text.length * EMBEDDED_NS);
    vector = await timed("embed", options, () => embedOne(embedder, text, options.work));
  } catch (cause) {
    if (cause instanceof SearchError && cause.code === "TOO_MUCH_WORK") throw cause;
    if (cause instanceof AnnoyEdgeError && cause.code === "EMBEDDER_MISMATCH") {
      throw searchError("EMBEDDER_MISMATCH", "query", cause.message, { cause });
    }
    const reason = cause instanceof AnnoyEdgeError ? `: ${cause.message}` : ".";
    const message = `The embedder ${provider}/${model} failed${reason}`;
    throw searchError("EMBEDDING_FAILED", "query", message, { cause });
  }
  if (vector.length !== forest.dimensions || !vector.every(Number.isFinite)) {
    const message = `The embedder ${provider}/${model} did not answer with ${forest.dimensions} finite numbers.`;
    throw searchError("EMBEDDING_FAILED", "query", message);
  }
  return vector.some((x) => x !== 0) ? Float32Array.from(vector) : undefined;
}

/** Work of reading a text, in nanoseconds a character, beside that of its vector. */
const EMBEDDED_NS = 100;

async function embedOne(embedder: Embedder, text: string, work: Work | undefined): Promise<number[]> {
  if (!embedder.embedQueries) return embedder.embedQuery(text);
  const [vector = []] = await embedder.embedQueries([text], work);
  return vector;
}

/** Embeds the texts of searches beside each other together: those that are asked for in one turn. */
export function embeddingTogether(embedder: Embedder): Embedder {
  const { embedQueries } = embedder;
  if (!embedQueries) return embedder;
  let texts: string[] = [];
  let vectors: Promise<number[][]> | undefined;
  return {
    ...embedder,
    async embedQueries(own, work) {
      const from = texts.push(...own) - own.length;
      vectors ??= Promise.resolve().then(() => {
        const all = texts;
        texts = [];
        vectors = undefined;
        return embedQueries(all, work);
      });
      return (await vectors).slice(from, from + own.length);
    },
  };
}

function noEmbedder(index: LoadedIndex): Error {
  const wanted = index.manifest.embedder;
  const why = wanted
    ? `needs the embedder ${wanted.provider}/${wanted.model}, which is not set up here`
    : "was built from vectors without an embedder";
  const how = hasKeywords(index) ? "keywords, vector, item or id" : "vector, item or id";
  return searchError("NO_EMBEDDER", "query", `Index ${index.name} ${why}. Search it by ${how}.`);
}
