import type { Fetcher, KVNamespace, R2Bucket } from "@cloudflare/workers-types";
import type { Reranker } from "./core/embedding/types.ts";
import { AnnoyEdgeError } from "./core/format/errors.ts";
import { isIndexName } from "./core/format/keys.ts";
import { isRegion, REGIONS, type Region } from "./core/search/shards/regions.ts";
import { type Credentials, partsOf, readCredentials } from "./http/auth.ts";
import type { RateLimiter } from "./http/rate-limit.ts";
import type { Analytics, HttpLimits, LogLevel } from "./http/types.ts";
import type { EmbedderBindings } from "./services/edge.ts";
import { createReranker, type RerankerBindings } from "./services/rerank.ts";
import type { ShardNamespace } from "./shards/address.ts";
import type { ShardSettings } from "./shards/client.ts";

/** Bindings, variables and secrets of the Worker. `docs/http.md` says what each does. */
export interface Env extends EmbedderBindings, RerankerBindings {
  /** The bucket. A text is the list of indexes to serve, as INDEX_NAME; the bucket is then INDEX_BUCKET. */
  readonly INDEXES: R2Bucket;
  readonly INDEX_BUCKET?: R2Bucket;
  readonly DOCUMENTS: KVNamespace;
  /** Holds the shards of an index that is cut into some; any other index does without. */
  readonly SHARDS?: ShardNamespace;
  readonly ASSETS?: Fetcher;
  readonly RATE_LIMITER?: RateLimiter;
  readonly ANALYTICS?: Analytics;
  /** Counts what is searched for; see docs/http.md for what is stored. */
  readonly INSIGHTS?: Analytics;
  /** Name of this deployment. */
  readonly VERSION_METADATA?: { readonly id: string };
  /** Names and patterns (`shop-*`) of the indexes to serve, separated by commas; the first one is served without a name. */
  readonly INDEX_NAME?: string;
  readonly REFRESH_SECONDS?: string;
  /** `*`, or origins separated by commas; unset: pages of no other origin may read answers. */
  readonly CORS_ORIGINS?: string;
  /** SHA-256 of API keys in hex, separated by commas; unset: no key is needed. */
  readonly API_KEY_HASHES?: string;
  /** A secret: what signs search tokens; two, separated by a comma, while one replaces the other. */
  readonly TOKEN_SECRETS?: string;
  /** `requests` (default), `errors` or `off`. */
  readonly LOG?: string;
  /** `off` keeps no answers in the data centre's cache. */
  readonly ANSWER_CACHE?: string;
  readonly MAX_K?: string;
  readonly MAX_SEARCH_K?: string;
  readonly MAX_QUERY_LENGTH?: string;
  readonly MAX_BODY_BYTES?: string;
  readonly BODY_TIMEOUT_SECONDS?: string;
  readonly REQUEST_TIMEOUT_SECONDS?: string;
  /** Location hints of Durable Objects, separated by commas: where shards may live; unset: near whoever asks. */
  readonly SHARD_REGIONS?: string;
  /** Copies of each shard in each region, for read load. */
  readonly SHARD_REPLICAS?: string;
  /** A shard that has not answered by then is left out of the answer. */
  readonly SHARD_TIMEOUT_SECONDS?: string;
  /** Another copy is asked as well when one has not answered by then. */
  readonly SHARD_HEDGE_SECONDS?: string;
  /** Asked by `POST` on the schedule of wrangler.toml's crons, so that it builds and publishes. */
  readonly REBUILD_HOOK_URL?: string;
  /** A secret: sent to the hook as a bearer token. */
  readonly REBUILD_HOOK_TOKEN?: string;
}

export interface Settings {
  /** Names and patterns of indexes; at least one. */
  readonly served: readonly string[];
  readonly revision: string | undefined;
  readonly limits: HttpLimits;
  readonly credentials: Credentials | undefined;
  readonly corsOrigins: "*" | readonly string[] | undefined;
  readonly log: LogLevel;
  readonly refreshSeconds: number;
  readonly reranker: Reranker | undefined;
  readonly keepAnswers: boolean;
  readonly shards: ShardSettings;
}

export const DEFAULT_INDEX = "demo";
/** More copies would be more objects to fill than queries to share among them. */
const MAX_REPLICAS = 32;

/**
 * The variables as settings.
 *
 * @throws AnnoyEdgeError `BAD_CONFIGURATION` naming the variable that makes no sense
 */
export function readSettings(env: Env, indexes?: string | readonly string[]): Settings {
  readBindings(env);
  return {
    served: indexNames([indexes ?? servedVariable(env) ?? ""].flat()),
    // The first part of a UUID tells deployments apart well enough.
    revision: env.VERSION_METADATA?.id.split("-")[0],
    refreshSeconds: number("REFRESH_SECONDS", env.REFRESH_SECONDS) ?? 10,
    limits: limitsOf(env),
    reranker: createReranker(env),
    credentials: readCredentials(env.API_KEY_HASHES, env.TOKEN_SECRETS),
    corsOrigins: origins(env.CORS_ORIGINS),
    log: oneOf("LOG", env.LOG, ["requests", "errors", "off"]) ?? "requests",
    keepAnswers: oneOf("ANSWER_CACHE", env.ANSWER_CACHE, ["on", "off"]) !== "off",
    shards: {
      regions: regions(env.SHARD_REGIONS),
      replicas: replicas(env.SHARD_REPLICAS),
      timeLimit: milliseconds("SHARD_TIMEOUT_SECONDS", env.SHARD_TIMEOUT_SECONDS) ?? 5_000,
      hedge: milliseconds("SHARD_HEDGE_SECONDS", env.SHARD_HEDGE_SECONDS) ?? 500,
    },
  };
}

/** The variable that lists the indexes to serve. */
export function servedVariable({ INDEXES, INDEX_NAME }: Partial<Env>): string | undefined {
  // Two bindings cannot have one name, so where INDEXES is a variable the bucket is bound as INDEX_BUCKET.
  const list: unknown = INDEXES;
  return typeof list === "string" ? list : INDEX_NAME;
}

/**
 * The bindings that nothing works without. The types say that they are there; the wrangler configuration decides.
 *
 * @throws AnnoyEdgeError `BAD_CONFIGURATION`
 */
export function readBindings({ INDEXES, INDEX_BUCKET, DOCUMENTS }: Partial<Env>): {
  readonly bucket: R2Bucket;
  readonly documents: KVNamespace;
} {
  const bucket = typeof INDEXES === "string" ? INDEX_BUCKET : (INDEXES ?? INDEX_BUCKET);
  if (bucket && DOCUMENTS) return { bucket, documents: DOCUMENTS };
  const missing = bucket ? "KV namespace DOCUMENTS" : "R2 bucket INDEXES";
  const message = `The Worker has no binding to the ${missing}. Add it to the wrangler configuration and deploy again.`;
  throw refused(message);
}

function indexNames(lists: readonly string[]): readonly string[] {
  const names = lists.flatMap(partsOf);
  if (names.length === 0) return [DEFAULT_INDEX];
  for (const name of names) {
    // A pattern is a name with stars in it.
    if (isIndexName(name.replaceAll("*", "x"))) continue;
    throw refused(
      `The variable INDEX_NAME names ${JSON.stringify(name.slice(0, 100))}, which cannot name an index: use letters, digits, dots, dashes and underscores, and * in patterns.`,
    );
  }
  return [...new Set(names)];
}

function limitsOf(env: Env): HttpLimits {
  return {
    maxK: number("MAX_K", env.MAX_K),
    maxSearchK: number("MAX_SEARCH_K", env.MAX_SEARCH_K),
    maxQueryLength: number("MAX_QUERY_LENGTH", env.MAX_QUERY_LENGTH),
    maxBodyBytes: number("MAX_BODY_BYTES", env.MAX_BODY_BYTES),
    bodyTimeout: milliseconds("BODY_TIMEOUT_SECONDS", env.BODY_TIMEOUT_SECONDS),
    requestTimeout: milliseconds("REQUEST_TIMEOUT_SECONDS", env.REQUEST_TIMEOUT_SECONDS),
  };
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw refused(`The variable ${name} must be a positive number.`);
}

function milliseconds(name: string, text: string | undefined): number | undefined {
  const seconds = number(name, text);
  return seconds === undefined ? undefined : seconds * 1000;
}

function oneOf<T extends string>(
  name: string,
  text: string | undefined,
  values: readonly T[],
): T | undefined {
  if (text === undefined || text === "") return undefined;
  const value = values.find((known) => known === text);
  if (value !== undefined) return value;
  throw refused(`The variable ${name} must be one of ${values.join(", ")}.`);
}

function origins(text: string | undefined): "*" | readonly string[] | undefined {
  const parts = partsOf(text);
  if (parts.length === 0) return undefined;
  if (parts.includes("*")) return "*";
  return parts.map((part) => {
    const origin = URL.canParse(part) ? new URL(part).origin : "null";
    if (origin !== "null" && origin === part.replace(/\/$/, "").toLowerCase()) return origin;
    throw refused(
      "The variable CORS_ORIGINS must be * or origins such as https://www.example.com, separated by commas.",
    );
  });
}

function regions(text: string | undefined): readonly Region[] {
  return partsOf(text).map((part) => {
    if (isRegion(part)) return part;
    throw refused(`The variable SHARD_REGIONS must be some of ${REGIONS.join(", ")}, separated by commas.`);
  });
}

function replicas(text: string | undefined): number {
  const count = number("SHARD_REPLICAS", text) ?? 1;
  if (Number.isInteger(count) && count <= MAX_REPLICAS) return count;
  const message = `The variable SHARD_REPLICAS must be a whole number from 1 to ${MAX_REPLICAS}.`;
  throw refused(message);
}

function refused(message: string): AnnoyEdgeError {
  return new AnnoyEdgeError("BAD_CONFIGURATION", message);
}
