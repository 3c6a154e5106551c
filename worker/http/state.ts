import type { Hono } from "hono";
import type { SearchMode } from "../core/search/types.ts";

/** What handlers and middleware share about one request. */
export interface RequestState {
  /** Milliseconds by phase, for Server-Timing, in the order of first use. */
  readonly timings: Map<string, number>;
  /** The path as the contract writes it: `/v1/items/{item}`. */
  route?: string;
  /** The version that answers, once it is known. */
  version?: string;
  /** A stable code, when the answer is a problem. */
  problem?: string;
  mode?: SearchMode;
  hits?: number;
  /** Of an index in shards: how many were asked, and how many of those answered. */
  shards?: { readonly asked: number; readonly answered: number };
  /** Position, from 0, of a hit that somebody followed. */
  position?: number | undefined;
  /** The answer would be another one in better times: nobody may keep it. */
  fleeting?: boolean;
  /** Whether the data centre's cache had the answer. */
  cache?: "hit" | "miss";
  /** Position of the caller's API key in the configuration. */
  key?: number;
}

export interface AppEnv {
  Variables: { state: RequestState };
}

/** The routes of one app. */
export type App = Hono<AppEnv>;
