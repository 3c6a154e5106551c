import type { LocalIndex } from "../../build/index.ts";
import { createHttpApp } from "../../worker/http/app.ts";
import type { IndexSource, Service } from "../../worker/http/types.ts";

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
    encoderBytes: 0,
    shards: 0,
    lastError: null,
  };
  const source: IndexSource = {
    name: index.name,
    use: async (_, run) => run({ value: index, waitedMs: 0 }),
    status: () => status,
  };
  const served = [index.name];
  const indexes = { served, opened: new Map(), open: () => source, list: async () => served };
  const service: Service = { indexes, log: "off" };
  const app = createHttpApp(() => service);
  const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };
  return async (url, init) => app.request(url, init, {}, context);
}
