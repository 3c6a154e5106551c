import { type Composition, composeService, type Env, type ServiceOptions } from "./compose.ts";
import { servedVariable } from "./config.ts";
import { type App, createHttpApp } from "./http/app.ts";
import type { AppContext, Service } from "./http/types.ts";
import type { Indexes } from "./indexes.ts";
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
