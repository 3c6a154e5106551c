import type { LocalIndex } from "../../build/index.ts";
import { createApp } from "../../worker/http/app.ts";

/** The Worker's own routes over an index opened in Node, as a `fetch`. */
export function serve(index: LocalIndex): (url: string, init?: RequestInit) => Promise<Response> {
  const status = {
    version: null,
    wanted: null,
    publishedAt: null,
    loadedAt: null,
    checkedAt: null,
    heldBytes: 0,
    pageBytes: 0,
    shards: 0,
    lastError: null,
  };
  const app = createApp({
    name: index.name,
    source: { use: async (_, run) => run({ value: index, waitedMs: 0 }), status: () => status },
    log: "off",
  });
  const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };
  return async (url, init) => app.request(url, init, {}, context);
}
