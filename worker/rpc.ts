import type { ExecutionContext } from "@cloudflare/workers-types";
import { type Client, createClient } from "./client/client.ts";
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

/** A client of the same routes that requests reach, so that calls and requests give the same. */
export function clientOf(service: Service, env: object, ctx: ExecutionContext, index?: string): Client {
  const app = trustedApp(service);
  return createClient(`https://annoy-edge.internal`, {
    index,
    retries: 0,
    timeout: service.limits?.requestTimeout ?? REQUEST_TIMEOUT,
    fetch: async (url, init) => app.fetch(new Request(url, init), env, ctx as never),
  });
}
