import type { Fetcher, KVNamespace, R2Bucket } from "@cloudflare/workers-types";
import { createIndexReader } from "./artifact/reader.ts";
import { createPageCache } from "./docstore/cache.ts";
import { openKvDocstore } from "./docstore/kv.ts";
import { decodePlacement } from "./docstore/placement.ts";
import { idOfItem, openIds } from "./format/ids.ts";
import { type App, createApp } from "./http/app.ts";
import { openIndex } from "./search/open.ts";

/** Bindings and variables of `wrangler.toml`. */
export interface Env {
  readonly INDEXES: R2Bucket;
  readonly DOCUMENTS: KVNamespace;
  readonly ASSETS?: Fetcher;
  readonly INDEX_NAME?: string;
  readonly REFRESH_SECONDS?: string;
}

/** The rooms put together for one set of bindings: the app, which keeps the index in memory between requests. */
export function compose(env: Env): App {
  const name = env.INDEX_NAME ?? "demo";
  const pages = createPageCache();
  const source = createIndexReader({
    name,
    bucket: env.INDEXES,
    cache: caches.default,
    refreshSeconds: positive(env.REFRESH_SECONDS, 10),
    open: ({ version, manifest, artifact, placement }) => {
      const ids = openIds(artifact);
      const docstore = openKvDocstore({
        kv: env.DOCUMENTS,
        bucket: env.INDEXES,
        name,
        placement: decodePlacement(placement),
        cache: pages,
        idOf: (item) => idOfItem(ids, item),
      });
      return openIndex({ version, manifest, artifact, docstore });
    },
  });
  return createApp({ name, source, assets: env.ASSETS });
}

/** A variable that must be a positive number; anything else counts as not set. */
function positive(text: string | undefined, otherwise: number): number {
  const value = Number(text);
  return value > 0 && Number.isFinite(value) ? value : otherwise;
}
