import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { openSearcher } from "../../worker/core/search/open-searcher.ts";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import { MAX_K, MAX_QUERY_LENGTH } from "../../worker/core/search/schema.ts";
import { search } from "../../worker/core/search/search.ts";
import type { SearchRequest } from "../../worker/core/search/types.ts";
import { copyFolder } from "../changes/base-folder.ts";
import { idsOf } from "../changes/documents.ts";
import { asEmbedder, type EmbeddingsLike, isRecognised, requireSameEmbedder } from "../embedding/identity.ts";
import { openLocalIndex } from "../local/local-index.ts";
import type { LocalIndex } from "../local/types.ts";
import { type Backend, hitsOf, type StoreOptions, type StoreSearch } from "./backend.ts";
import { createWritable } from "./writable.ts";

/**
 * Opens an artifact folder as a store's backend.
 *
 * @param embeddings embeds queries; may be left out when the artifact carries its embedder, or holds vectors only
 * @throws AnnoyEdgeError `EMBEDDER_MISMATCH` when they are not the ones that the index was built with
 */
export async function openLocal(
  directory: string,
  embeddings?: EmbeddingsLike,
  options: StoreOptions = {},
): Promise<Backend> {
  const open = () => openFolder(directory, embeddings);
  if (!options.writable && !options.publish) return backendOf(directory, await open());
  return createWritable(directory, await open(), { open, backendOf, publish: options.publish });
}

async function openFolder(directory: string, embeddings?: EmbeddingsLike): Promise<LocalIndex> {
  const index = await openLocalIndex(directory, { ...(embeddings && { embedder: () => undefined }) });
  try {
    return await withEmbedder(index, embeddings);
  } catch (error) {
    await index.close();
    throw error;
  }
}

async function withEmbedder(index: LocalIndex, embeddings?: EmbeddingsLike): Promise<LocalIndex> {
  if (!embeddings) return index;
  const wanted = index.manifest.embedder;
  const embedder = await asEmbedder(embeddings, wanted?.dimensions ?? index.forest.dimensions);
  // A class that does not say who it is is taken at its word, except where the artifact brings its embedder.
  if (wanted && (isRecognised(embeddings) || index.embedder)) requireSameEmbedder(wanted, embedder.identity);
  return index.embedder ? index : { ...index, embedder };
}

function backendOf(directory: string, index: LocalIndex): Backend {
  let ids: readonly (string | undefined)[] | undefined;
  return {
    kind: "local",
    embeddings: index.embedder ?? noEmbeddings(index),
    async search(request) {
      const { hits } = await search(index, unbounded(await shortened(index, request)));
      return hitsOf(hits);
    },
    async document(id) {
      const searcher = openSearcher(index);
      const item = await searcher.itemOf(id);
      return item === undefined ? undefined : (await searcher.documents([item]))[0];
    },
    ids() {
      if (index.shards) {
        throw new AnnoyEdgeError(
          "IDS_IN_SHARDS",
          `The index ${index.name} is cut into shards, which hold the ids: hits carry theirs, and docstore.search finds a document by its id.`,
        );
      }
      ids ??= idsByItem(index);
      return ids;
    },
    save: (target) => copyFolder(directory, index.manifest, target),
    close: () => index.close(),
  };
}

function idsByItem(index: LocalIndex): (string | undefined)[] {
  const ids: (string | undefined)[] = new Array(index.forest.nItems).fill(undefined);
  for (const [id, item] of idsOf(index)) ids[item] = id;
  return ids;
}

/** The contract bounds what visitors may ask for; a program that holds the index may have all of it. */
function unbounded(asked: StoreSearch): SearchRequest {
  const { k, mmr } = asked;
  const parsed = parseSearchRequest({
    ...asked,
    k: Math.min(k, MAX_K),
    ...(mmr && { mmr: { ...mmr, fetchK: Math.min(mmr.fetchK, MAX_K) } }),
  });
  return { ...parsed, k, ...(mmr && { mmr }) };
}

/** Texts too long for the contract are embedded here: a chain may search for a whole conversation. */
async function shortened(index: LocalIndex, { query, mode, ...asked }: StoreSearch): Promise<StoreSearch> {
  if (query === undefined || query.length <= MAX_QUERY_LENGTH || mode !== "vector" || !index.embedder) {
    return { ...asked, ...(query !== undefined && { query, mode: mode ?? "vector" }) };
  }
  return { ...asked, vector: await index.embedder.embedQuery(query) };
}

function noEmbeddings(index: LocalIndex): EmbeddingsLike {
  const fail = async (): Promise<never> => {
    throw new AnnoyEdgeError(
      "NO_EMBEDDER",
      `The index ${index.name} embeds no text by itself; give the embeddings it was built with, or search by vector.`,
    );
  };
  return { embedDocuments: fail, embedQuery: fail };
}
