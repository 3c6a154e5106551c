import { AnnoyEdgeError } from "../format/errors.ts";
import { searchError } from "../format/search-error.ts";
import { requireItem, requireVector } from "./items.ts";
import { hasKeywords, type LoadedIndex } from "./loaded-index.ts";
import type { Searcher } from "./searcher.ts";
import { timed } from "./timing.ts";
import type { SearchRequest } from "./types.ts";

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
    vector = await timed("embed", options, () => embedder.embedQuery(text));
  } catch (cause) {
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

function noEmbedder(index: LoadedIndex): Error {
  const wanted = index.manifest.embedder;
  const why = wanted
    ? `needs the embedder ${wanted.provider}/${wanted.model}, which is not set up here`
    : "was built from vectors without an embedder";
  const how = hasKeywords(index) ? "keywords, vector, item or id" : "vector, item or id";
  return searchError("NO_EMBEDDER", "query", `Index ${index.name} ${why}. Search it by ${how}.`);
}
