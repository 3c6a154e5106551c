import { idOfItem, itemOfId } from "../format/ids.ts";
import type { StoredDocument } from "../format/meta.ts";
import { searchError } from "./errors.ts";
import { maximalMarginalRelevance } from "./mmr.ts";
import { scoreOf } from "./score.ts";
import type { Hit, LoadedIndex, SearchRequest, SearchResponse, SearchWarning } from "./types.ts";

/** The parts of a search whose time is worth knowing. */
export type SearchPhase = "embed" | "forest" | "docstore";

export interface SearchOptions {
  /** Told the milliseconds of each part. Inside a deployed Worker computation always takes 0: clocks stand still. */
  readonly onPhase?: (phase: SearchPhase, milliseconds: number) => void;
}

/** Hits without their documents: the synchronous outcome of one search. */
export interface Ranking {
  readonly items: readonly number[];
  readonly distances: readonly number[];
  readonly warnings: readonly SearchWarning[];
}

/**
 * Answers one search: text, vector, item or id in, hits with documents out, best first. Everything comes from the one
 * version that `index` is.
 *
 * A search by item or id returns the item itself as well (first, at distance 0, for every metric but dot), as Annoy
 * does. A text in which the embedder knows nothing has no place in the vector space: it gives no hits and the warning
 * `NOTHING_UNDERSTOOD`.
 *
 * @throws SearchError when the request does not fit the index
 */
export async function search(
  index: LoadedIndex,
  request: SearchRequest,
  options: SearchOptions = {},
): Promise<SearchResponse> {
  const ranking = await rank(index, request, options);
  const documents = await readDocuments(index, request, ranking.items, options);
  return respond(index, request, ranking, documents);
}

/** The first half of a search: which items, at which distances. */
export async function rank(
  index: LoadedIndex,
  request: SearchRequest,
  options: SearchOptions = {},
): Promise<Ranking> {
  refuseUnsupported(request);
  const query = await queryVector(index, request, options);
  if (query === undefined) return { items: [], distances: [], warnings: [NOTHING_UNDERSTOOD] };
  return timed("forest", options, () => nearest(index, request, query));
}

/** The documents of the hits, when the request includes them. */
async function readDocuments(
  index: LoadedIndex,
  request: SearchRequest,
  items: readonly number[],
  options: SearchOptions,
): Promise<readonly (StoredDocument | undefined)[]> {
  if (items.length === 0 || !request.include.includes("document")) return [];
  return timed("docstore", options, () => index.docstore.getItems(items));
}

function respond(
  index: LoadedIndex,
  request: SearchRequest,
  ranking: Ranking,
  documents: readonly (StoredDocument | undefined)[],
): SearchResponse {
  const { metric, dimensions } = index.forest;
  const withVector = request.include.includes("vector");
  const hits = ranking.items.map((item, i): Hit => {
    const distance = ranking.distances[i]!;
    const document = documents[i];
    const vector = withVector ? index.forest.vector(item) : undefined;
    return {
      item,
      id: idOfItem(index.ids, item) ?? String(item),
      distance,
      score: scoreOf(metric, distance, dimensions),
      ...(document && { document: { pageContent: document.pageContent, metadata: document.metadata } }),
      ...(vector && { vector: Array.from(vector) }),
    };
  });
  return {
    index: index.name,
    version: index.version,
    metric,
    hits,
    ...(ranking.warnings.length > 0 && { warnings: ranking.warnings }),
  };
}

const NOTHING_UNDERSTOOD: SearchWarning = {
  code: "NOTHING_UNDERSTOOD",
  message: "The embedder knows nothing in this text, so there is nothing to compare documents with.",
};

function refuseUnsupported(request: SearchRequest): void {
  if (request.mode === "keyword" || request.mode === "hybrid") {
    throw searchError(
      "NO_KEYWORD_INDEX",
      "mode",
      `This index has no keyword index for mode ${request.mode}.`,
    );
  }
  if (request.filter !== undefined) {
    throw searchError("NO_FILTERABLE_COLUMNS", "filter", "This index was built without filterable fields.");
  }
}

function nearest(index: LoadedIndex, request: SearchRequest, query: Float32Array): Ranking {
  const { forest } = index;
  const k = request.mmr?.fetchK ?? request.k;
  const { items, distances } = forest.search(query, { k, searchK: request.searchK });
  if (!request.mmr) return { items, distances, warnings: [] };
  const vectors = items.map((item) => forest.vector(item)!);
  const chosen = maximalMarginalRelevance(query, vectors, request.mmr.lambda, request.k);
  return {
    items: chosen.map((i) => items[i]!),
    distances: chosen.map((i) => distances[i]!),
    warnings: [],
  };
}

/** The vector to search for; undefined for a text without any known word. */
async function queryVector(
  index: LoadedIndex,
  request: SearchRequest,
  options: SearchOptions,
): Promise<Float32Array | undefined> {
  if (request.vector !== undefined) return checkedVector(index, request.vector);
  if (request.item !== undefined) return vectorOfItem(index, request.item, "item");
  if (request.id !== undefined) return vectorOfItem(index, requireItem(index, request.id), "id");
  return embed(index, request.query ?? "", options);
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

function vectorOfItem(index: LoadedIndex, item: number, field: string): Float32Array {
  const vector = index.forest.vector(item);
  if (!vector) {
    throw searchError("ITEM_NOT_FOUND", field, `Index ${index.name} has no item ${item}.`);
  }
  return vector;
}

/** @throws SearchError `ID_NOT_FOUND` */
export function requireItem(index: LoadedIndex, id: string): number {
  const item = itemOfId(index.ids, id);
  if (item === undefined) {
    const shown = id.length > 100 ? `${id.slice(0, 100)}…` : id;
    throw searchError(
      "ID_NOT_FOUND",
      "id",
      `Index ${index.name} has no document with the id ${JSON.stringify(shown)}.`,
    );
  }
  return item;
}

async function embed(
  index: LoadedIndex,
  text: string,
  options: SearchOptions,
): Promise<Float32Array | undefined> {
  const { embedder, forest } = index;
  if (!embedder) {
    const wanted = index.manifest.embedder;
    const why = wanted
      ? `needs the embedder ${wanted.provider}/${wanted.model}, which is not set up here`
      : "was built from vectors without an embedder";
    throw searchError("NO_EMBEDDER", "query", `Index ${index.name} ${why}. Search it by vector, item or id.`);
  }
  const vector = await timed("embed", options, () => embedder.embedQuery(text));
  if (vector.length !== forest.dimensions || !vector.every(Number.isFinite)) {
    throw searchError(
      "EMBEDDING_FAILED",
      "query",
      `The embedder ${embedder.identity.provider}/${embedder.identity.model} did not answer with ${forest.dimensions} finite numbers.`,
    );
  }
  return vector.some((x) => x !== 0) ? Float32Array.from(vector) : undefined;
}

/** Runs one part of a search and tells how long it took. */
async function timed<T>(phase: SearchPhase, options: SearchOptions, run: () => T | Promise<T>): Promise<T> {
  if (!options.onPhase) return run();
  const started = performance.now();
  const result = await run();
  options.onPhase(phase, performance.now() - started);
  return result;
}
