import type { Embedder } from "../embedding/types.ts";
import { AnnoyEdgeError } from "../format/errors.ts";
import { SearchError, searchError } from "../format/search-error.ts";
import type { Work } from "../format/work.ts";
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
    options.work?.spend("text", text.length * CHARACTER_NS);
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
const CHARACTER_NS = 100;

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
