import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import type { PageInfo, PageWrite } from "../store.ts";
import { pageInfo } from "../store.ts";
import { type CloudflareApi, pathOf } from "./api.ts";

/** KV by Cloudflare's REST API (https://developers.cloudflare.com/api/resources/kv/). */
export interface KvNamespaceApi {
  put(pages: readonly PageWrite[]): Promise<void>;
  get(keys: readonly string[]): Promise<Map<string, string | null>>;
  list(prefix: string): AsyncGenerator<PageInfo>;
  delete(keys: readonly string[]): Promise<void>;
}

const BULK_GET = 100;
const BULK_DELETE = 10_000;
/** Rounds of writing what a bulk write left out. */
const ROUNDS = 5;

export function openKv(api: CloudflareApi, account: string, namespace: string): KvNamespaceApi {
  const base = pathOf`/accounts/${account}/storage/kv/namespaces/${namespace}`;
  return {
    async put(pages) {
      const metadata = { at: Math.floor(Date.now() / 1000) };
      let left = pages;
      for (let round = 0; round < ROUNDS && left.length > 0; round++) {
        const body = left.map(({ key, value }) => ({ key, value, metadata }));
        const { result } = await api.call<{ unsuccessful_keys?: string[] }>("PUT", `${base}/bulk`, body);
        const failed = new Set(result?.unsuccessful_keys ?? []);
        left = left.filter((page) => failed.has(page.key));
      }
      if (left.length > 0) {
        throw new AnnoyEdgeError(
          "REMOTE_FAILED",
          `KV did not take ${left.length} of ${pages.length} pages, ${left[0]!.key} among them, in ${ROUNDS} attempts. Publish again: what is there is found.`,
        );
      }
    },
    async get(keys) {
      const found = new Map<string, string | null>();
      for (let i = 0; i < keys.length; i += BULK_GET) {
        const some = keys.slice(i, i + BULK_GET);
        const body = { keys: some, type: "text" };
        const { result } = await api.call<{ values?: Record<string, string | null> }>(
          "POST",
          `${base}/bulk/get`,
          body,
        );
        const values = new Map(Object.entries(result?.values ?? {}));
        for (const key of some) found.set(key, values.get(key) ?? null);
      }
      return found;
    },
    async *list(prefix) {
      type Listed = { name: string; metadata?: { at?: unknown } }[];
      for (let cursor = "", more = true; more; ) {
        const query = new URLSearchParams({ prefix, limit: "1000", ...(cursor && { cursor }) });
        const { result, result_info } = await api.call<Listed>("GET", `${base}/keys?${query}`);
        for (const { name, metadata } of result ?? []) yield pageInfo(name, metadata?.at);
        cursor = result_info?.cursor ?? "";
        more = cursor !== "";
      }
    },
    async delete(keys) {
      for (let i = 0; i < keys.length; i += BULK_DELETE) {
        await api.call("POST", `${base}/bulk/delete`, keys.slice(i, i + BULK_DELETE));
      }
    },
  };
}
