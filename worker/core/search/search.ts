import { SearchError, searchError } from "../format/search-error.ts";
import { type Answered, answerOf, readShown } from "./hits.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import { openSearcher } from "./open-searcher.ts";
import { rankPage } from "./page.ts";
import { embeddingTogether } from "./query-vector.ts";
import { readQuery } from "./read-query.ts";
import { hitsOf } from "./request.ts";
import { rerankedPage } from "./rerank.ts";
import type { Searcher, SearchOptions } from "./searcher.ts";
import type { BatchResponse, SearchRequest, SearchResponse } from "./types.ts";
import { didYouMean } from "./words/did-you-mean.ts";

/** Answers one search of an index: see {@link searchWith}. */
export function search(
  index: LoadedIndex,
  request: SearchRequest,
  options: SearchOptions = {},
): Promise<SearchResponse> {
  return searchWith(openSearcher(index, options), request);
}

/** Answers many searches of an index at once: see {@link searchBatchWith}. */
export function searchBatch(
  index: LoadedIndex,
  requests: readonly SearchRequest[],
  options: SearchOptions = {},
): Promise<BatchResponse> {
  return searchBatchWith(openSearcher(index, options), requests);
}

/**
 * Answers one search: text, vector, item or id in, hits with documents out, best first. Everything comes from the one
 * version that the searcher reads.
 *
 * A search by item or id returns the item itself as well (first, at distance 0, for every metric but dot), as Annoy
 * does. A text in which the embedder knows nothing has no place in the vector space: the vectors then give no hits and
 * the answer has the warning `NOTHING_UNDERSTOOD`.
 *
 * @throws SearchError when the request does not fit the index
 */
export async function searchWith(searcher: Searcher, request: SearchRequest): Promise<SearchResponse> {
  const { name, version, forest } = searcher.index;
  countVectorBytes(searcher, [request]);
  const answered = await rankOne(searcher, request);
  const shown = await readShown(searcher, [answered]);
  return { index: name, version, metric: forest.metric, ...(await answerOf(searcher, answered, shown)) };
}

/**
 * Answers many searches at once. The documents of all of them are read together, and shards are asked for all of them
 * together. A search that does not fit the index has its error in its place; the others are answered.
 *
 * @throws SearchError of what the batch asks for altogether; AnnoyEdgeError for what may be there the next time, so that
 *   the batch is sent again as a search alone is
 */
export async function searchBatchWith(
  single: Searcher,
  requests: readonly SearchRequest[],
): Promise<BatchResponse> {
  const { embedder } = single.index;
  const searcher = embedder
    ? { ...single, index: { ...single.index, embedder: embeddingTogether(embedder) } }
    : single;
  const { name, version, forest } = searcher.index;
  countVectorBytes(searcher, requests);
  searcher.shards?.addSearches(requests.length - 1);
  // Together, so that an embedder behind a network is waited for once and not a hundred times.
  const ranked = await Promise.all(
    requests.map(async (request): Promise<Answered | SearchError> => {
      try {
        return await rankOne(searcher, request);
      } catch (error) {
        if (error instanceof SearchError && !OF_BATCH.has(error.code)) return error;
        throw error;
      } finally {
        searcher.shards?.endSearch();
      }
    }),
  );
  const answered = ranked.filter((one): one is Answered => !(one instanceof SearchError));
  const shown = await readShown(searcher, answered);
  const results: BatchResponse["results"][number][] = [];
  for (const one of ranked) {
    results.push(
      one instanceof SearchError
        ? { error: { code: one.code, message: one.message } }
        : await answerOf(searcher, one, shown),
    );
  }
  return { index: name, version, metric: forest.metric, results };
}

/** Codes of a search's errors that are the whole batch's: limits of a request, and an embedder that may answer the next time. */
const OF_BATCH: ReadonlySet<string> = new Set(["TOO_MUCH_WORK", "ANSWER_TOO_LARGE", "EMBEDDING_FAILED"]);

async function rankOne(searcher: Searcher, request: SearchRequest): Promise<Answered> {
  if (request.indexes) {
    throw searchError(
      "NOT_ACROSS_INDEXES",
      "indexes",
      "Several indexes are asked by /v1/search of a Worker alone.",
    );
  }
  const { query, warnings } = await readQuery(searcher, request);
  const page = await (request.rerank ? rerankedPage : rankPage)(searcher, query, request);
  const corrected = request.didYouMean && (await didYouMean(searcher, query, request));
  return {
    request,
    query,
    ...(corrected && { didYouMean: corrected }),
    page: { ...page, warnings: [...warnings, ...page.warnings] },
  };
}

/** Bytes of a number of a vector as JSON. */
const NUMBER_BYTES = 20;

/** Counts the bytes of the vectors of an answer. @throws SearchError `ANSWER_TOO_LARGE` */
function countVectorBytes({ index, options }: Searcher, requests: readonly SearchRequest[]): void {
  let numbers = 0;
  for (const request of requests) {
    if (!request.include.includes("vector")) continue;
    numbers += Math.min(hitsOf(request), index.manifest.items) * index.forest.dimensions;
  }
  options.work?.hold("answer", "vectors", numbers * NUMBER_BYTES);
}
