/** The typed client of the HTTP contract: no dependencies, for browsers, Workers and Node. */
export { type CallOptions, type Client, type ClientOptions, createClient, type Fetch } from "./client.ts";
export { ClientError } from "./errors.ts";
export type * from "./types.ts";
