import { AnnoyEdgeError } from "../format/errors.ts";
import type { StoredDocument } from "../format/meta.ts";
import { isLanguage, type Language } from "../keyword/languages.ts";
import { searchError } from "./errors.ts";
import { highlightTerms, nearnessTo, passageAt, passageByMeaning, passageByTerms } from "./highlight.ts";
import { phraseCheck } from "./operators.ts";
import { idsOf } from "./query-vector.ts";
import { type Ranking, rank } from "./rank.ts";
import { MAX_K, MAX_VECTOR_NUMBERS } from "./schema.ts";
import type { Parts } from "./shards/known.ts";
import { forRequest } from "./shards/session.ts";
import { type SearchOptions, timed } from "./timing.ts";
import {
  type BatchResponse,
  type Highlight,
  type Hit,
  hasKeywords,
  type LoadedIndex,
  type SearchRequest,
  type SearchResponse,
  type SearchWarning,
} from "./types.ts";
import { vectorsOf } from "./vectors.ts";

type Documents = ReadonlyMap<number, StoredDocument | undefined>;

/**
 * Answers one search: text, vector, item or id in, hits with documents out, best first. Everything comes from the one
 * version that `index` is.
 *
 * A search by item or id returns the item itself as well (first, at distance 0, for every metric but dot), as Annoy
 * does. A text in which the embedder knows nothing has no place in the vector space: the vectors then give no hits and
 * the answer has the warning `NOTHING_UNDERSTOOD`.
 *
 * @throws SearchError when the request does not fit the index
 */
export async function search(
  loaded: LoadedIndex,
  request: SearchRequest,
  options: SearchOptions = {},
): Promise<SearchResponse> {
  const index = forRequest(loaded, options);
  checkVectorNumbers(index, [request]);
  const ranking = cut(request, await rankPage(index, request, options));
  const documents = await readAll(index, [{ request, ranking }], options);
  return {
    index: index.name,
    version: index.version,
    metric: index.forest.metric,
    ...(await resultOf(index, request, ranking, documents)),
  };
}

/**
 * Answers many searches at once. The documents of all of them are read together, and shards are asked for all of them
 * together. A search that does not fit the index has its error in its place; the others are answered.
 */
export async function searchBatch(
  loaded: LoadedIndex,
  requests: readonly SearchRequest[],
  options: SearchOptions = {},
): Promise<BatchResponse> {
  const index = forRequest(loaded, options);
  checkVectorNumbers(index, requests);
  const together = index.session?.together(requests.length - 1);
  // Together, so that an embedder behind a network is waited for once and not a hundred times.
  const rankings = await Promise.all(
    requests.map(async (request): Promise<Ranking | AnnoyEdgeError> => {
      try {
        return cut(request, await rankPage(index, request, options));
      } catch (error) {
        if (error instanceof AnnoyEdgeError) return error;
        throw error;
      } finally {
        together?.leave();
      }
    }),
  );
  const answered = rankings.flatMap((ranking, i) =>
    ranking instanceof AnnoyEdgeError ? [] : [{ request: requests[i]!, ranking }],
  );
  const documents = await readAll(index, answered, options);
  const results: BatchResponse["results"][number][] = [];
  for (const [i, ranking] of rankings.entries()) {
    results.push(
      ranking instanceof AnnoyEdgeError
        ? { error: { code: ranking.code, message: ranking.message } }
        : await resultOf(index, requests[i]!, ranking, documents),
    );
  }
  return { index: index.name, version: index.version, metric: index.forest.metric, results };
}

/** Refuses an answer whose vectors alone would fill an isolate. */
function checkVectorNumbers(index: LoadedIndex, requests: readonly SearchRequest[]): void {
  const { dimensions } = index.forest;
  let numbers = 0;
  for (const { include, k } of requests) if (include.includes("vector")) numbers += k * dimensions;
  if (numbers <= MAX_VECTOR_NUMBERS) return;
  const message = `Vectors of ${dimensions} dimensions for that many hits are ${numbers} numbers; an answer has at most ${MAX_VECTOR_NUMBERS}.`;
  throw searchError("OUT_OF_RANGE", "include", message);
}

/** Ranks down to the end of the page that is asked for. */
async function rankPage(
  index: LoadedIndex,
  request: SearchRequest,
  options: SearchOptions,
): Promise<Ranking> {
  const depth = (request.offset ?? 0) + request.k;
  const check =
    request.query !== undefined && request.mode !== "vector" && lacksPositions(index)
      ? phraseCheck(languageOf(index), request.query)
      : undefined;
  if (!check) return rank(index, request, depth, options);
  // The index cannot tell whether a phrase's words stand together: look into the documents of more hits than needed.
  const ranking = await rank(index, request, Math.min(MAX_K, depth * 4), options);
  if (ranking.mode === "vector") return keep(ranking, (i) => i < depth);
  const documents = await readDocuments(index, ranking.items, options);
  return keep(ranking, (i) => check(documents.get(ranking.items[i]!)?.pageContent ?? ""));
}

/** Whether words can be searched for, and only the documents know where they stand. */
function lacksPositions(index: LoadedIndex): boolean {
  if (!hasKeywords(index)) return false;
  return index.shards ? !index.manifest.keyword?.positions : !index.keyword?.positions;
}

function languageOf({ keyword, manifest, shards }: LoadedIndex): Language {
  if (keyword) return keyword.language;
  const named = shards ? manifest.keyword?.language : undefined;
  return named !== undefined && isLanguage(named) ? named : "none";
}

/** The hits of the page, without those below the least score. */
function cut(request: SearchRequest, ranking: Ranking): Ranking {
  const { offset = 0, k, minScore = 0 } = request;
  return keep(ranking, (i) => i >= offset && i < offset + k && ranking.scores[i]! >= minScore);
}

function keep(ranking: Ranking, wanted: (position: number) => boolean): Ranking {
  const kept = <T>(values: readonly T[]): T[] => values.filter((_, i) => wanted(i));
  return {
    ...ranking,
    items: kept(ranking.items),
    scores: kept(ranking.scores),
    distances: ranking.distances && kept(ranking.distances),
  };
}

/** What an answer shows of its hits, or looks into. */
function partsOf({ include }: SearchRequest): Parts {
  return { documents: include.some((part) => part !== "vector"), vectors: include.includes("vector") };
}

function documentItems(request: SearchRequest, ranking: Ranking): readonly number[] {
  return partsOf(request).documents ? ranking.items : [];
}

interface Answered {
  readonly request: SearchRequest;
  readonly ranking: Ranking;
}

/** Reads what answers show: documents; of an index in shards vectors and ids as well, so that each is asked once at most. */
async function readAll(
  index: LoadedIndex,
  answered: readonly Answered[],
  options: SearchOptions,
): Promise<Documents> {
  const { session } = index;
  if (session) {
    const wants = answered.map(({ request, ranking }) => ({ ...partsOf(request), items: ranking.items }));
    await timed("docstore", options, () => session.details(wants));
  }
  const items = answered.flatMap(({ request, ranking }) => documentItems(request, ranking));
  return readDocuments(index, items, options);
}

async function readDocuments(
  index: LoadedIndex,
  items: readonly number[],
  options: SearchOptions,
): Promise<Documents> {
  if (items.length === 0) return new Map();
  const distinct = [...new Set(items)];
  const documents = await timed("docstore", options, () => index.docstore.getItems(distinct));
  return new Map(distinct.map((item, i) => [item, documents[i]]));
}

async function resultOf(
  index: LoadedIndex,
  request: SearchRequest,
  ranking: Ranking,
  documents: Documents,
): Promise<Pick<SearchResponse, "mode" | "hits" | "facets" | "partial" | "warnings">> {
  const include = new Set(request.include);
  const highlight = include.has("highlights") ? highlighter(index, request, ranking) : undefined;
  const vectors = include.has("vector") ? await vectorsOf(index, ranking.items) : [];
  const ids = await idsOf(index, ranking.items);
  const hits: Hit[] = [];
  for (const [i, item] of ranking.items.entries()) {
    // Its shard has ranked it and then fallen silent.
    if (index.session?.has(item, partsOf(request)) === false) continue;
    const document = documents.get(item);
    const distance = ranking.distances?.[i];
    const vector = vectors[i];
    hits.push({
      item,
      id: ids[i]!,
      distance: distance === undefined || Number.isNaN(distance) ? null : distance,
      score: ranking.scores[i]!,
      ...(document &&
        include.has("document") && {
          document: { pageContent: document.pageContent, metadata: document.metadata },
        }),
      ...(document && include.has("metadata") && { metadata: document.metadata }),
      ...(vector && { vector: Array.from(vector) }),
      ...(highlight && document && { highlights: [await highlight(document.pageContent)] }),
    });
  }
  return {
    mode: ranking.mode,
    hits,
    ...(ranking.facets && { facets: ranking.facets }),
    ...(index.session && index.session.missing.size > 0 && { partial: true }),
    ...withWarnings([...ranking.warnings, ...missingShards(index)]),
  };
}

function withWarnings(warnings: readonly SearchWarning[]): Pick<SearchResponse, "warnings"> {
  return warnings.length > 0 ? { warnings } : {};
}

function missingShards({ session }: LoadedIndex): SearchWarning[] {
  if (!session || session.missing.size === 0) return [];
  const { asked, missing } = session;
  const codes = [...new Set([...missing.values()].map(({ code }) => code))].join(", ");
  const message = `${missing.size} of the ${asked.size} shards that were asked did not answer (${codes}): there may be better hits.`;
  return [{ code: "SHARDS_MISSING", message }];
}

/** Finds the passage of a document that matched: by the query's words, else by meaning, else its beginning. */
function highlighter(
  index: LoadedIndex,
  request: SearchRequest,
  ranking: Ranking,
): (text: string) => Highlight | Promise<Highlight> {
  const { keyword, embedder } = index;
  const language = languageOf(index);
  const terms =
    request.query === undefined
      ? new Set<string>()
      : highlightTerms(keyword, request.query, request.prefix, language);
  const nearness =
    embedder?.identity.provider === "static" && ranking.query
      ? nearnessTo(ranking.query, embedder)
      : undefined;
  return (text) => {
    const passage = terms.size > 0 ? passageByTerms(text, terms, language) : undefined;
    if (passage) return passage;
    return nearness ? passageByMeaning(text, nearness) : passageAt(text, 0);
  };
}
