import { DEFAULT_INDEX, type Env, readSettings, type Settings } from "./config.ts";
import { HELD_BYTES, PAGE_BYTES_KEPT } from "./core/format/budget.ts";
import { createApp } from "./http/app.ts";
import type { App } from "./http/state.ts";
import type { AppOptions, IndexSource, IndexStatus, Lifetime } from "./http/types.ts";
import { createEdgeEmbedder } from "./services/edge.ts";
import { reachShards } from "./shards/reach.ts";
import { createPageCache } from "./storage/documents/cache.ts";
import { openPublished } from "./storage/published.ts";
import { createIndexReader } from "./storage/reader.ts";

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
    return { name: env.INDEX_NAME || DEFAULT_INDEX, source: refusing(error), log: "errors" };
  }
  const { keepAnswers, refreshSeconds, shards, ...rest } = settings;
  return {
    ...rest,
    source: createSource(env, settings),
    ...(keepAnswers && { cache: caches.default }),
  };
}

function createSource(env: Env, { name, refreshSeconds, shards }: Settings): RefreshableSource {
  const pages = createPageCache(() => roomForPages(reader.status().heldBytes));
  const reader = createIndexReader({
    name,
    bucket: env.INDEXES,
    cache: caches.default,
    refreshSeconds,
    open: (parts) =>
      openPublished(
        parts,
        { kv: env.DOCUMENTS, bucket: env.INDEXES, pages },
        {
          createEmbedder: (identity) => createEdgeEmbedder(identity, env),
          shards: reachShards(parts, env.SHARDS, shards),
        },
      ),
  });
  const withPages = (status: Omit<IndexStatus, "pageBytes">): IndexStatus => ({
    ...status,
    pageBytes: pages.bytes,
  });
  return {
    use: reader.use,
    refresh: async (lifetime) => withPages(await reader.refresh(lifetime)),
    status: () => withPages(reader.status()),
  };
}

/** What an index leaves to documents: all of a small corpus' pages may stay, so that its searches read nothing. */
function roomForPages(indexBytes: number): number {
  return Math.min(PAGE_BYTES_KEPT.most, Math.max(PAGE_BYTES_KEPT.least, HELD_BYTES - indexBytes));
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
    pageBytes: 0,
    shards: 0,
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
