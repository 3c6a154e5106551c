import {
  DEFAULT_INDEX,
  type Env,
  readBindings,
  readSettings,
  type Settings,
  servedVariable,
} from "./config.ts";
import { AnnoyEdgeError } from "./core/format/errors.ts";
import { type App, createHttpApp } from "./http/app.ts";
import { requireCredential } from "./http/auth.ts";
import { shareWith } from "./http/headers.ts";
import { limitRefusals, rateLimit } from "./http/rate-limit.ts";
import type { AppContext, HttpLimits, Mcp, Middleware, Service } from "./http/types.ts";
import { createIndexes, type Indexes, refusingIndexes } from "./indexes.ts";

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
  const serviceOf = servicesWith(options);
  // The type of an application's bindings is its own; by default it has those of `Env`.
  const bindings = options.bindings ?? ((env: Bindings) => env as unknown as Env);
  return createHttpApp((c: AppContext) => serviceOf(bindings((c.env ?? {}) as Bindings)));
}

/** Makes the function from bindings to their service, which is composed once. */
export function servicesWith(options: ServiceOptions = {}): (env: Env) => Service {
  const services = new WeakMap<object, Service>();
  return (env) => {
    const key = bucketOf(env) ?? env;
    let service = services.get(key);
    if (!service) {
      service = compositionOf(env, options).service;
      services.set(key, service);
    }
    return service;
  };
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

/** Options of an application, with what each may be. */
const KINDS: Readonly<Record<keyof ServiceOptions | "bindings", (value: unknown) => string | undefined>> = {
  indexes: (value) =>
    [value].flat().every((name) => typeof name === "string") ? undefined : "a name or a list of names",
  auth: middlewareOrFalse,
  cors: middlewareOrFalse,
  rateLimit: middlewareOrFalse,
  limits: (value) => (isPlain(value) ? undefined : "an object"),
  // `mcp` in place of `mcp()` is a function, which has no such method.
  mcp: (value) => (isPlain(value) && "answer" in value ? undefined : "what mcp() of annoy-edge/mcp returns"),
  assets: (value) => (typeof value === "boolean" ? undefined : "true or false"),
  bindings: (value) => (typeof value === "function" ? undefined : "a function"),
};

const LIMITS: Readonly<Record<keyof HttpLimits, true>> = {
  maxK: true,
  maxSearchK: true,
  maxQueryLength: true,
  maxBodyBytes: true,
  maxBatchBytes: true,
  bodyTimeout: true,
  requestTimeout: true,
};

/**
 * Checks what a program has given: a protection that is misspelled or no number would be none.
 *
 * @throws AnnoyEdgeError `BAD_CONFIGURATION` naming the option
 */
export function checkAppOptions(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (!isKeyOf(KINDS, name)) throw refused(`createApp has no option ${name}; it has ${namesOf(KINDS)}.`);
    if (value === undefined) continue;
    const wanted = KINDS[name](value);
    if (wanted !== undefined) throw refused(`The option ${name} of createApp must be ${wanted}.`);
    if (name === "limits") checkLimits(value);
  }
}

function checkLimits(limits: object): void {
  for (const [name, value] of Object.entries(limits)) {
    if (!isKeyOf(LIMITS, name)) throw refused(`limits has no ${name}; it has ${namesOf(LIMITS)}.`);
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue;
    throw refused(`limits.${name} must be a number above 0.`);
  }
}

function middlewareOrFalse(value: unknown): string | undefined {
  return value === false || typeof value === "function" ? undefined : "middleware or false";
}

function isKeyOf<T extends object>(table: T, name: string): name is keyof T & string {
  return Object.hasOwn(table, name);
}

function namesOf(table: object): string {
  return Object.keys(table).join(", ");
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function refused(message: string): AnnoyEdgeError {
  return new AnnoyEdgeError("BAD_CONFIGURATION", message);
}
