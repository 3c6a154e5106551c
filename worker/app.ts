import {
  DEFAULT_INDEX,
  type Env,
  readBindings,
  readSettings,
  type Settings,
  servedVariable,
} from "./config.ts";
import { type App, createHttpApp } from "./http/app.ts";
import { requireCredential } from "./http/auth.ts";
import { shareWith } from "./http/headers.ts";
import { limitRefusals, rateLimit } from "./http/rate-limit.ts";
import type { AppContext, HttpLimits, Mcp, Middleware, Service } from "./http/types.ts";
import { createIndexes, type Indexes, refusingIndexes } from "./indexes.ts";
import { checkAppOptions } from "./options.ts";

export interface CreateAppOptions<Bindings = Env> extends ServiceOptions {
  /** Finder of the app's bindings among those of the application. Default: under their own names. */
  readonly bindings?: ((env: Bindings) => Env) | undefined;
}

/** Loaded indexes by the bucket that they lie in: all apps of an isolate share them, as bindings stay the same objects. */
const loaded = new WeakMap<object, Map<string, Indexes>>();

/**
 * The search API as a Hono application. It reads its settings from the Worker's variables at the first request, and may be
 * mounted under any path of another application.
 *
 * ```ts
 * const app = new Hono().route("/search", createApp());
 * ```
 *
 * @throws AnnoyEdgeError `BAD_CONFIGURATION` for an option that is unknown or cannot be
 */
export function createApp<Bindings = Env>(options: CreateAppOptions<Bindings> = {}): App {
  checkAppOptions(options);
  const services = new WeakMap<object, Service>();
  // The type of an application's bindings is its own; by default it has those of `Env`.
  const bindings = options.bindings ?? ((env: Bindings) => env as unknown as Env);
  return createHttpApp((c: AppContext) => {
    const env = bindings((c.env ?? {}) as Bindings);
    const key = bucketOf(env) ?? env;
    let service = services.get(key);
    if (!service) {
      service = compositionOf(env, options).service;
      services.set(key, service);
    }
    return service;
  });
}

/** Composes a service over the indexes that this isolate has loaded already. */
export function compositionOf(env: Env, options: ServiceOptions = {}): Composition {
  const bucket = bucketOf(env);
  if (!bucket) return composeService(env, options);
  const known = loaded.get(bucket) ?? new Map<string, Indexes>();
  loaded.set(bucket, known);
  const list = [options.indexes ?? servedVariable(env) ?? ""].flat().join(",");
  const composition = composeService(env, options, known.get(list));
  known.set(list, composition.indexes);
  return composition;
}

function bucketOf({ INDEXES, INDEX_BUCKET }: Partial<Env>): object | undefined {
  return typeof INDEXES === "object" ? INDEXES : INDEX_BUCKET;
}

export type { Env } from "./config.ts";

/** Settings of an application, instead of the Worker's variables. */
export interface ServiceOptions {
  /** Names and patterns of the indexes to serve, the first one also without a name. Default: `INDEX_NAME`. */
  readonly indexes?: string | readonly string[] | undefined;
  /** Lets requests in, or throws or answers. `false`: everyone is let in. Default: by `API_KEY_HASHES` and `TOKEN_SECRETS`. */
  readonly auth?: Middleware | false | undefined;
  /** `false`: no headers of CORS. Default: by `CORS_ORIGINS`. */
  readonly cors?: Middleware | false | undefined;
  /** `false`: no limit. Default: by the binding `RATE_LIMITER`. */
  readonly rateLimit?: Middleware | false | undefined;
  /** Each replaces one of the variables. */
  readonly limits?: HttpLimits | undefined;
  /** `mcp()` of `annoy-edge/mcp`: the Model Context Protocol at `POST /mcp`. Default: nothing there. */
  readonly mcp?: Mcp | undefined;
  /** Whether paths that no route has are looked for among the static files of the binding `ASSETS`. Default: true. */
  readonly assets?: boolean | undefined;
}

/** The rooms put together for one set of bindings. */
export interface Composition {
  readonly service: Service;
  /** In memory between requests. */
  readonly indexes: Indexes;
}

/** An app over these bindings, with indexes of its own. */
export function compose(env: Env, options: ServiceOptions = {}): App {
  const { service } = composeService(env, options);
  return createHttpApp(() => service);
}

/** @param known indexes that the isolate has in memory already */
export function composeService(env: Env, options: ServiceOptions = {}, known?: Indexes): Composition {
  const shared = {
    ...(options.assets !== false && { assets: env.ASSETS }),
    analytics: env.ANALYTICS,
    insights: env.INSIGHTS,
    mcp: options.mcp,
    rateLimit: chosen(options.rateLimit, env.RATE_LIMITER && rateLimit(env.RATE_LIMITER)),
    ...(env.RATE_LIMITER &&
      options.rateLimit !== false && { limitRefusals: limitRefusals(env.RATE_LIMITER) }),
  };
  let settings: Settings;
  try {
    settings = readSettings(env, options.indexes);
  } catch (error) {
    // A setting that was meant to protect must not be ignored: nothing is served until it is mended.
    const indexes = refusingIndexes(DEFAULT_INDEX, error);
    return { indexes, service: { ...shared, indexes, log: "errors" } };
  }
  const { keepAnswers, credentials, corsOrigins, revision, log } = settings;
  const indexes = known ?? createIndexes(env, readBindings(env).bucket, settings);
  const service: Service = {
    ...shared,
    indexes,
    revision,
    log,
    reranker: settings.reranker,
    limits: { ...settings.limits, ...options.limits },
    auth: chosen(options.auth, credentials && requireCredential(credentials)),
    cors: chosen(options.cors, corsOrigins && shareWith(corsOrigins)),
    ...(keepAnswers && { cache: caches.default }),
  };
  return { service, indexes };
}

function chosen(own: Middleware | false | undefined, usual: Middleware | undefined): Middleware | undefined {
  return own === false ? undefined : (own ?? usual);
}
