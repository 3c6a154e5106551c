import type { CallbackManagerForRetrieverRun } from "@langchain/core/callbacks/manager";
import { Document } from "@langchain/core/documents";
import { BaseRetriever, type BaseRetrieverInput } from "@langchain/core/retrievers";
import { type Client, type ClientOptions, createClient } from "./client.ts";
import type { SearchInput, SearchMode } from "./types.ts";

/** A search's settings besides its text. */
export interface SearchRetrieverFields extends BaseRetrieverInput {
  /** The Worker's URL, or a client of it. */
  readonly url?: string | URL;
  readonly client?: Client;
  /** Options of the client, when a URL is given. */
  readonly clientOptions?: ClientOptions;
  /** Documents wanted; default 4. */
  readonly k?: number;
  /** The index's own choice when left out: both fused where it has keywords. */
  readonly mode?: SearchMode;
  readonly filter?: unknown;
  readonly mmr?: SearchInput["mmr"];
  readonly weights?: SearchInput["weights"];
  /** With it, documents are found by their words unless `mode` says otherwise. */
  readonly sort?: SearchInput["sort"];
  /** At most so many documents of each value of a field; `k` then counts values. */
  readonly groupBy?: SearchInput["groupBy"];
}

/**
 * LangChain's retriever over the Worker, for any place that has `fetch`: browsers, Workers, Node. It searches as the Worker
 * does for everybody else; `AnnoyVectorStore.connect` gives a whole vector store, in Node.
 */
export class SearchRetriever extends BaseRetriever {
  static override lc_name(): string {
    return "SearchRetriever";
  }
  override lc_namespace = ["annoy-edge", "retrievers"];
  readonly #client: Client;
  readonly #search: Omit<SearchInput, "query">;

  constructor(fields: SearchRetrieverFields) {
    super(fields);
    const { url, client, clientOptions, k, mode, filter, mmr, weights, sort, groupBy } = fields;
    if (!client && url === undefined)
      throw new TypeError("A SearchRetriever needs the Worker's url, or a client.");
    this.#client = client ?? createClient(url as string | URL, clientOptions);
    this.#search = { k, mode, filter, mmr, weights, sort, groupBy };
  }

  override async _getRelevantDocuments(
    query: string,
    _run?: CallbackManagerForRetrieverRun,
  ): Promise<Document[]> {
    const { hits } = await this.#client.search({ ...this.#search, query });
    return hits.map(
      ({ id, document }) =>
        new Document({ id, pageContent: document?.pageContent ?? "", metadata: { ...document?.metadata } }),
    );
  }
}
