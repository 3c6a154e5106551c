import type { LocalIndex } from "../../build/index.ts";
import { createHttpApp } from "../../worker/http/app.ts";
import { type IndexSource, NOTHING_LOADED, type Service } from "../../worker/http/types.ts";

/** The Worker's own routes over an index opened in Node, as a `fetch`. */
export function serve(index: LocalIndex): (url: string, init?: RequestInit) => Promise<Response> {
  const source: IndexSource = {
    name: index.name,
    use: async (_, run) => run({ value: index, waitedMs: 0 }),
    status: () => NOTHING_LOADED,
  };
  const served = [index.name];
  const indexes = { served, opened: new Map(), open: () => source, list: async () => served };
  const service: Service = { indexes, log: "off" };
  const app = createHttpApp(() => service);
  const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };
  return async (url, init) => app.request(url, init, {}, context);
}
