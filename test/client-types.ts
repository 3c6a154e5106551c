import type * as client from "../worker/client/types.ts";
import type * as search from "../worker/core/search/types.ts";
import type * as http from "../worker/http/schemas.ts";

/**
 * The client's types are written out by hand, so that it depends on nothing of the Worker's insides. This file compiles
 * only as long as they fit the Worker's schemas: what the client sends is what the Worker takes, and what the Worker
 * gives is what the client promises. `npm run types` checks it; there is nothing to run.
 */
/** Request as JSON: there vectors are arrays. */
type Sent = Omit<client.SearchInput, "vector"> & { readonly vector?: readonly number[] | undefined };

export const sent = {
  search: (value: Sent): search.SearchInput => value,
  batch: (value: { searches: readonly Sent[] }): search.BatchInput => value,
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
  indexKeys: (value: keyof http.IndexResponse): keyof client.IndexResponse => value,
  certifiedKeys: (value: keyof http.IndexResponse["certified"]): keyof client.IndexResponse["certified"] =>
    value,
  healthKeys: (value: keyof http.HealthResponse): keyof client.HealthResponse => value,
  health: (value: http.HealthResponse): client.HealthResponse => value,
  indexes: (value: http.IndexesResponse): client.IndexesResponse => value,
  warmUp: (value: http.WarmUpResponse): client.WarmUpResponse => value,
};
