import { ClientError, type ClientOptions, createClient } from "../../worker/client/index.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { EmbedderIdentity } from "../../worker/core/format/meta.ts";
import { type EmbeddingsLike, hasIdentity, requireSameEmbedder } from "../embedding/identity.ts";
import { type Backend, hitsOf, type StoreOptions } from "./backend.ts";
import { notOverHttp } from "./errors.ts";

export interface ConnectOptions extends ClientOptions, StoreOptions {
  /** Embeds queries here instead of in the Worker. */
  readonly embeddings?: EmbeddingsLike | undefined;
}

/** A store's backend over a Worker. Nothing is asked of it before the first search. */
export function openRemote(url: string | URL, options: ConnectOptions = {}): Backend {
  const { embeddings, mode: _, ...clientOptions } = options;
  const client = createClient(url, clientOptions);
  let checked = embeddings === undefined || !hasIdentity(embeddings);
  const embed = async (text: string): Promise<number[]> => {
    if (!embeddings) {
      throw new AnnoyEdgeError(
        "NO_EMBEDDER",
        "The Worker embeds queries itself and gives no vectors of texts; pass embeddings to connect for that.",
      );
    }
    if (!checked && hasIdentity(embeddings)) {
      const { manifest } = await client.index();
      // The Worker's manifest: its embedder is an identity or null.
      const wanted = manifest.embedder as EmbedderIdentity | null | undefined;
      if (wanted) requireSameEmbedder(wanted, embeddings.identity);
      checked = true;
    }
    return embeddings.embedQuery(text);
  };
  return {
    kind: "remote",
    embeddings: {
      embedQuery: embed,
      embedDocuments: async (texts) => {
        if (embeddings) return embeddings.embedDocuments(texts);
        return Promise.all(texts.map(embed));
      },
    },
    async search({ query, mode = "vector", ...request }) {
      if (query !== undefined && mode !== "vector")
        return hitsOf((await client.search({ ...request, query, mode })).hits);
      const vector = query !== undefined && embeddings ? await embed(query) : request.vector;
      const asked = vector ? { vector } : query !== undefined && { query, mode };
      return hitsOf((await client.search({ ...request, ...asked })).hits);
    },
    async document(id) {
      try {
        const { pageContent, metadata } = await client.document(id);
        return { id, pageContent, metadata };
      } catch (error) {
        if (error instanceof ClientError && error.code === "ID_NOT_FOUND") return undefined;
        throw error;
      }
    },
    ids: () => {
      throw notOverHttp("indexToDocstoreId", "hits carry their ids, and GET /v1/items/{item} gives one");
    },
    save: async () => {
      throw notOverHttp("save", "save where the index was built");
    },
    close: async () => {},
  };
}
