import type * as client from "../worker/client/types.ts";
import type * as http from "../worker/http/schemas.ts";
import type * as search from "../worker/search/types.ts";

/**
 * The client's types are written out by hand, so that it depends on nothing of the Worker's insides. This file compiles
 * only as long as they fit the Worker's schemas: what the client sends is what the Worker takes, and what the Worker
 * gives is what the client promises. `npm run types` checks it; there is nothing to run.
 */
export const sent = {
  search: (value: client.SearchInput): search.SearchInput => value,
  batch: (value: { searches: readonly client.SearchInput[] }): search.BatchInput => value,
  keys: (value: keyof search.SearchInput): keyof client.SearchInput => value,
};

export const received = {
  search: (value: search.SearchResponse): client.SearchResponse => value,
  searchKeys: (value: keyof search.SearchResponse): keyof client.SearchResponse => value,
  batch: (value: search.BatchResponse): client.BatchResponse => value,
  hit: (value: search.Hit): client.Hit => value,
  hitKeys: (value: keyof search.Hit): keyof client.Hit => value,
  document: (value: http.DocumentResponse): client.DocumentResponse => value,
  item: (value: http.ItemResponse): client.ItemResponse => value,
  distance: (value: http.DistanceResponse): client.DistanceResponse => value,
  index: (value: http.IndexResponse): client.IndexResponse => value,
  health: (value: http.HealthResponse): client.HealthResponse => value,
  warmUp: (value: http.WarmUpResponse): client.WarmUpResponse => value,
};
