import { AnnoyEdgeError } from "../format/errors.ts";
import { idOfItem, itemOfId } from "../format/ids.ts";
import { searchError } from "./errors.ts";
import { type SearchOptions, timed } from "./timing.ts";
import { hasKeywords, type LoadedIndex, type SearchRequest } from "./types.ts";
import { vectorsOf } from "./vectors.ts";

/**
 * The vector that a request searches for.
 *
 * @param text what the embedder is given of a text query
 * @returns undefined for a text in which the embedder knows nothing
 * @throws SearchError `DIMENSION_MISMATCH`, `ITEM_NOT_FOUND`, `ID_NOT_FOUND`, `NO_EMBEDDER`, `EMBEDDING_FAILED`
 */
export async function queryVector(
  index: LoadedIndex,
  request: SearchRequest,
  text: string,
  options: SearchOptions,
): Promise<Float32Array | undefined> {
  if (request.vector !== undefined) return checkedVector(index, request.vector);
  if (request.item !== undefined) return vectorOfItem(index, request.item, "item");
  if (request.id !== undefined) return vectorOfItem(index, await requireItem(index, request.id), "id");
  return embed(index, text, options);
}

/** The docstore id of an item; its number when it was indexed without one. */
export function idOf(index: LoadedIndex, item: number): string {
  return idOfItem(index.ids, item) ?? String(item);
}

/** Docstore ids of items, in order. */
export async function idsOf(index: LoadedIndex, items: readonly number[]): Promise<string[]> {
  if (!index.session) return items.map((item) => idOf(index, item));
  const known = await index.session.details([{ items, documents: false, vectors: false }]);
  return items.map((item) => known.get(item)?.id ?? String(item));
}

/** @throws SearchError `ID_NOT_FOUND` */
export async function requireItem(index: LoadedIndex, id: string): Promise<number> {
  const item = index.session ? (await index.session.locate({ id }))?.item : itemOfId(index.ids, id);
  return item ?? noDocument(index, id);
}

/** @throws SearchError `ID_NOT_FOUND` */
export function noDocument(index: LoadedIndex, id: string): never {
  const shown = JSON.stringify(id.length > 100 ? `${id.slice(0, 100)}…` : id);
  throw searchError("ID_NOT_FOUND", "id", `Index ${index.name} has no document with the id ${shown}.`);
}

/** @throws SearchError `ITEM_NOT_FOUND` */
export function noItem(index: LoadedIndex, item: number, field = "item"): never {
  throw searchError("ITEM_NOT_FOUND", field, `Index ${index.name} has no item ${item}.`);
}

async function vectorOfItem(index: LoadedIndex, item: number, field: string): Promise<Float32Array> {
  const vector = await storedVector(index, item);
  return vector ?? noItem(index, item, field);
}

/** The stored vector of an item; undefined when there is none. In shards it is found where it is. */
export async function storedVector(index: LoadedIndex, item: number): Promise<Float32Array | undefined> {
  if (index.session) return (await index.session.locate({ item }))?.vector;
  return (await vectorsOf(index, [item]))[0];
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

async function embed(
  index: LoadedIndex,
  text: string,
  options: SearchOptions,
): Promise<Float32Array | undefined> {
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
