import type { BatchInput, BatchResponse, SearchInput, SearchResponse } from "../core/search/types.ts";
import type {
  DistanceResponse,
  DocumentResponse,
  HealthResponse,
  IndexesResponse,
  IndexResponse,
  ItemResponse,
  Problem,
  WarmUpResponse,
} from "./schemas.ts";

/** Statuses of problems. */
type Refused = 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 429 | 500 | 502 | 503 | 504;

// Types and no interfaces: only those fit the records that Hono asks for.
type Refusal<Input> = {
  input: Input;
  output: Problem;
  outputFormat: "json";
  status: Refused;
};

type Answers<Input, Output> =
  | { input: Input; output: Output; outputFormat: "json"; status: 200 }
  | Refusal<Input>;

/** Parameters of `GET /v1/search`; `filter[…]` may be added as it is written in a URL. */
type SearchQuery = Record<string, string | string[]>;

/** The paths of one index after its prefix. */
type IndexRoutes<Param> = {
  "/search": {
    $get: Answers<With<Param, { query: SearchQuery }>, SearchResponse>;
    $post: Answers<With<Param, { json: SearchInput }>, SearchResponse>;
  };
  "/search/batch": { $post: Answers<With<Param, { json: BatchInput }>, BatchResponse> };
  "/documents/:id": { $get: Answers<{ param: Param & { id: string } }, DocumentResponse> };
  "/items/:item": { $get: Answers<{ param: Param & { item: string } }, ItemResponse> };
  "/items/:i/distance/:j": {
    $get: Answers<{ param: Param & { i: string; j: string } }, DistanceResponse>;
  };
  "/index": { $get: Answers<With<Param>, IndexResponse> };
  "/warm-up": { $get: Answers<With<Param>, WarmUpResponse> };
  "/selections/:position": {
    $post:
      | { input: { param: Param & { position: string } }; output: null; outputFormat: "body"; status: 204 }
      | Refusal<{ param: Param & { position: string } }>;
  };
};

/** Input of a path, with its parameters where it has any. */
type With<Param, Input = object> = keyof Param extends never ? Input : Input & { param: Param };

type Prefixed<Prefix extends string, Paths> = {
  [Path in keyof Paths & string as `${Prefix}${Path}`]: Paths[Path];
};

/** Every route of the contract with what goes in and comes out, for Hono's client. `test/client-types.ts` uses it. */
export type Routes = Prefixed<"/v1", IndexRoutes<object>> &
  Prefixed<"/v1/indexes/:index", IndexRoutes<{ index: string }>> & {
    "/v1/indexes": { $get: Answers<object, IndexesResponse> };
    "/health": { $get: Answers<object, HealthResponse> };
    "/openapi.json": { $get: Answers<object, object> };
  };
