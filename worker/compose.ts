import { createIndexReader } from "./artifact/reader.ts";
import { type Env, readSettings, type Settings } from "./config.ts";
import { createPageCache } from "./docstore/cache.ts";
import { openKvDocstore } from "./docstore/kv.ts";
import { decodePlacement } from "./docstore/placement.ts";
import { createEdgeEmbedder } from "./embedding/edge.ts";
import { idOfItem, openIds } from "./format/ids.ts";
import { type App, createApp } from "./http/app.ts";
import type { AppOptions, IndexSource, IndexStatus, Lifetime } from "./http/types.ts";
import { openIndex } from "./search/open.ts";

export type { Env } from "./config.ts";

/** An index that can be asked to look for a new version now. */
export interface RefreshableSource extends IndexSource {
  refresh(lifetime: Lifetime): Promise<IndexStatus>;
}

/** The rooms put together for one set of bindings. */
export interface Composition {
  readonly app: App;
  /** The index that the app answers from, in memory between requests. */
  readonly source: RefreshableSource;
}

/** The app alone; see {@link composeWorker}. */
export function compose(env: Env): App {
  return composeWorker(env).app;
}

export function composeWorker(env: Env): Composition {
  const options = compositionOf(env);
  const app = createApp({
    ...options,
    assets: env.ASSETS,
    rateLimiter: env.RATE_LIMITER,
    analytics: env.ANALYTICS,
  });
  return { app, source: options.source };
}

function compositionOf(env: Env): AppOptions & { readonly source: RefreshableSource } {
  let settings: Settings;
  try {
    settings = readSettings(env);
  } catch (error) {
    // A setting that was meant to protect must not be ignored: nothing is served until it is mended.
    return { name: env.INDEX_NAME ?? "demo", source: refusing(error), log: "errors" };
  }
  const { keepAnswers, refreshSeconds, ...rest } = settings;
  return {
    ...rest,
    source: createSource(env, settings),
    ...(keepAnswers && { cache: caches.default }),
  };
}

function createSource(env: Env, { name, refreshSeconds }: Settings): RefreshableSource {
  const pages = createPageCache();
  return createIndexReader({
    name,
    bucket: env.INDEXES,
    cache: caches.default,
    refreshSeconds,
    open: ({ version, manifest, artifact, placement, readRange }) => {
      const ids = openIds(artifact);
      const docstore = openKvDocstore({
        kv: env.DOCUMENTS,
        bucket: env.INDEXES,
        name,
        placement: decodePlacement(placement),
        cache: pages,
        idOf: (item) => idOfItem(ids, item),
      });
      return openIndex({
        version,
        manifest,
        artifact,
        docstore,
        readRange,
        createEmbedder: (identity) => createEdgeEmbedder(identity, env),
      });
    },
  });
}

/** A source that answers every request with the same error. */
function refusing(error: unknown): RefreshableSource {
  const message = error instanceof Error ? error.message : String(error);
  const status: IndexStatus = {
    version: null,
    wanted: null,
    publishedAt: null,
    loadedAt: null,
    checkedAt: null,
    heldBytes: 0,
    lastError: { code: "BAD_CONFIGURATION", message, at: new Date().toISOString() },
  };
  return {
    use: async () => {
      throw error;
    },
    refresh: async () => status,
    status: () => status,
  };
}
