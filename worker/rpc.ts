import type { ExecutionContext } from "@cloudflare/workers-types";
import { createClient } from "./client/client.ts";
import type {
  BatchResponse,
  DistanceResponse,
  DocumentResponse,
  IndexesResponse,
  IndexResponse,
  ItemResponse,
  SearchInput,
  SearchResponse,
  SuggestOptions,
  SuggestResponse,
} from "./client/types.ts";
import { type App, createHttpApp } from "./http/app.ts";
import { REQUEST_TIMEOUT } from "./http/guards.ts";
import type { Service } from "./http/types.ts";

/** Calls of other Workers over a service binding. Each throws an error with a stable `code`. */
export interface SearchRpc {
  search(input: SearchInput, index?: string): Promise<SearchResponse>;
  searchBatch(searches: readonly SearchInput[], index?: string): Promise<BatchResponse>;
  suggest(text: string, options?: SuggestOptions, index?: string): Promise<SuggestResponse>;
  document(id: string, index?: string): Promise<DocumentResponse>;
  item(item: number, index?: string): Promise<ItemResponse>;
  distance(i: number, j: number, index?: string): Promise<DistanceResponse>;
  index(index?: string): Promise<IndexResponse>;
  indexes(): Promise<IndexesResponse>;
}

/** Only the account's own Workers can bind this one, so neither keys nor rate limits stand before their calls. */
const apps = new WeakMap<Service, App>();

function trustedApp(service: Service): App {
  const known = apps.get(service);
  if (known) return known;
  const { indexes, revision, limits, cache, log, analytics, reranker } = service;
  const trusted: Service = { indexes, revision, limits, cache, log, analytics, reranker };
  const app = createHttpApp(() => trusted);
  apps.set(service, app);
  return app;
}

/** The calls, answered by the same routes as requests, so that both give the same. */
export function rpcOf(service: Service, env: object, ctx: ExecutionContext): SearchRpc {
  const app = trustedApp(service);
  const client = (index: string | undefined) =>
    createClient(`https://annoy-edge.internal`, {
      index,
      retries: 0,
      timeout: service.limits?.requestTimeout ?? REQUEST_TIMEOUT,
      fetch: async (url, init) => app.fetch(new Request(url, init), env, ctx as never),
    });
  return {
    search: (input, index) => client(index).search(input),
    searchBatch: (searches, index) => client(index).searchBatch(searches),
    suggest: (text, options, index) => client(index).suggest(text, options),
    document: (id, index) => client(index).document(id),
    item: (item, index) => client(index).item(item),
    distance: (i, j, index) => client(index).distance(i, j),
    index: (index) => client(index).index(),
    indexes: () => client(undefined).indexes(),
  };
}
