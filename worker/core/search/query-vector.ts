import type { Embedder } from "../embedding/types.ts";
import { AnnoyEdgeError } from "../format/errors.ts";
import { SearchError, searchError } from "../format/search-error.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import { requireItem, requireVector, type Searcher, timed } from "./searcher.ts";
import type { SearchRequest } from "./types.ts";

/** Work of reading a text, in nanoseconds a character, without that of its vector. */
const EMBEDDED_NS = 100;

/**
 * The vector that a request searches for.
 *
 * @param text for the embedder, where the request has a text
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
    vector = await timed("embed", options, async () => {
      const [first = []] = embedder.embedQueries
        ? await embedder.embedQueries([text], options.work)
        : [await embedder.embedQuery(text)];
      return first;
    });
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

/** Embeds the texts of simultaneous searches in one call: those that are asked for in one turn. */
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
  const how = index.words ? "keywords, vector, item or id" : "vector, item or id";
  return searchError("NO_EMBEDDER", "query", `Index ${index.name} ${why}. Search it by ${how}.`);
}
