import { openAsBlob } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { AnnoyEdgeError } from "../../worker/format/errors.ts";
import { type ObjectInfo, type ObjectSource, type PublishStore, pageInfo, sizeOf } from "./store.ts";

export interface LocalStoreOptions {
  /** Folder of wrangler.toml; its bindings INDEXES and DOCUMENTS name the local bucket and namespace. */
  readonly root?: string;
  /** As `wrangler dev --persist-to`: the folder that holds `v3`. */
  readonly persistTo?: string;
  /** Local ids, when they are not to be read from wrangler.toml. */
  readonly ids?: LocalIds;
}

export interface LocalIds {
  readonly bucket: string;
  readonly namespace: string;
}

const LOCAL_WORKER = fileURLToPath(new URL("./local-worker.js", import.meta.url));
const COMPATIBILITY_DATE = "2026-10-20";
const PAGE_KEYS = 100;

/**
 * Opens the local R2 and KV that `wrangler dev` in the same folder reads. Starts workerd (about half a second);
 * `close` ends it. A `wrangler dev` may run meanwhile: both use the same SQLite files.
 *
 * @throws AnnoyEdgeError `NO_BINDING`, `LOCAL_STORE_FAILED`
 */
export async function openLocalStore(options: LocalStoreOptions = {}): Promise<PublishStore> {
  const root = resolve(options.root ?? ".");
  const ids = options.ids ?? (await readLocalIds(join(root, "wrangler.toml")));
  const state = join(resolve(root, options.persistTo ?? join(root, ".wrangler", "state")), "v3");
  const { Miniflare, convertV4MiniflareOptions } = await import("miniflare");
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: await readFile(LOCAL_WORKER, "utf8"),
      compatibilityDate: COMPATIBILITY_DATE,
      r2Buckets: { INDEXES: ids.bucket },
      kvNamespaces: { DOCUMENTS: ids.namespace },
      resourcePersistencePath: state,
      cf: false,
    }),
  );
  const origin = await runtime.ready;
  return localStore(origin, state, () => runtime.dispose());
}

/** What `wrangler dev` calls the bucket and the namespace in its local state. */
async function readLocalIds(config: string): Promise<LocalIds> {
  const { unstable_getMiniflareWorkerOptions: read } = await import("wrangler");
  const { r2Buckets, kvNamespaces } = read(config).workerOptions;
  const bucket = idOf(r2Buckets, "INDEXES");
  const namespace = idOf(kvNamespaces, "DOCUMENTS");
  if (bucket === undefined || namespace === undefined) {
    const missing = bucket === undefined ? "R2 bucket INDEXES" : "KV namespace DOCUMENTS";
    throw new AnnoyEdgeError("NO_BINDING", `${config} binds no ${missing}, which the index is published to.`);
  }
  return { bucket, namespace };
}

function idOf(bindings: unknown, name: string): string | undefined {
  const binding = (bindings as Record<string, string | { id?: string }> | undefined)?.[name];
  return typeof binding === "string" ? binding : binding?.id;
}

interface WireInfo {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
  readonly uploaded: number;
}

function localStore(origin: URL, where: string, dispose: () => Promise<void>): PublishStore {
  const call = async (
    path: string,
    init: RequestInit = {},
    accept: readonly number[] = [],
  ): Promise<Response> => {
    const response = await fetch(new URL(path, origin), init);
    if (response.ok || accept.includes(response.status)) return response;
    const text = (await response.text()).split("\n")[0];
    throw new AnnoyEdgeError("LOCAL_STORE_FAILED", `Local R2 or KV answered ${response.status}: ${text}`);
  };
  const objectPath = (key: string) => `object/${encodeURIComponent(key)}`;
  const send = (path: string, method: string, value: unknown) =>
    call(path, { method, body: JSON.stringify(value) });

  return {
    target: "local",
    where,
    async headObject(key) {
      const response = await call(objectPath(key), { method: "HEAD" }, [404]);
      return response.status === 404 ? undefined : infoOf(key, response.headers);
    },
    async getObject(key, range) {
      const headers = range
        ? { "x-offset": String(range.offset), "x-length": String(range.length) }
        : undefined;
      const response = await call(objectPath(key), headers ? { headers } : {}, [404]);
      if (response.status === 404) return undefined;
      return {
        info: infoOf(key, response.headers),
        bytes: new Uint8Array(await response.arrayBuffer()),
      };
    },
    async putObject(key, source, options = {}) {
      const headers: Record<string, string> = {
        "content-type": options.contentType ?? "application/octet-stream",
      };
      if (options.ifMatch !== undefined) headers["if-match"] = options.ifMatch;
      if (options.ifAbsent) headers["if-none-match"] = "*";
      const body = await bodyOf(source);
      const response = await call(objectPath(key), { method: "PUT", headers, body }, [412]);
      if (response.status === 412) return undefined;
      options.onProgress?.(sizeOf(source));
      const written = (await response.json()) as WireInfo;
      return { ...written, uploaded: new Date(written.uploaded) };
    },
    async *listObjects(prefix) {
      type Listed = { objects: WireInfo[]; cursor: string | null };
      for (let cursor: string | null = ""; cursor !== null; ) {
        const listed: Listed = await listPage<Listed>(call, "objects", prefix, cursor);
        for (const object of listed.objects) yield { ...object, uploaded: new Date(object.uploaded) };
        cursor = listed.cursor;
      }
    },
    async deleteObjects(keys) {
      for (let i = 0; i < keys.length; i += 1000) await send("objects", "POST", keys.slice(i, i + 1000));
    },
    async putPages(pages) {
      const metadata = { at: Math.floor(Date.now() / 1000) };
      await send(
        "pages",
        "PUT",
        pages.map((page) => ({ ...page, metadata })),
      );
    },
    async getPages(keys) {
      const found = new Map<string, string | null>();
      for (let i = 0; i < keys.length; i += PAGE_KEYS) {
        const response = await send("pages", "POST", keys.slice(i, i + PAGE_KEYS));
        for (const [key, value] of (await response.json()) as [string, string | null][])
          found.set(key, value);
      }
      return found;
    },
    async *listPages(prefix) {
      type Listed = { keys: { name: string; metadata?: { at?: unknown } }[]; cursor: string | null };
      for (let cursor: string | null = ""; cursor !== null; ) {
        const listed: Listed = await listPage<Listed>(call, "pages", prefix, cursor);
        for (const { name, metadata } of listed.keys) yield pageInfo(name, metadata?.at);
        cursor = listed.cursor;
      }
    },
    async deletePages(keys) {
      if (keys.length > 0) await send("pages", "DELETE", keys);
    },
    close: dispose,
  };
}

async function listPage<T>(
  call: (path: string) => Promise<Response>,
  path: string,
  prefix: string,
  cursor: string,
): Promise<T> {
  const query = new URLSearchParams({ prefix });
  if (cursor) query.set("cursor", cursor);
  return (await (await call(`${path}?${query}`)).json()) as T;
}

function infoOf(key: string, headers: Headers): ObjectInfo {
  return {
    key,
    etag: headers.get("x-etag") ?? "",
    bytes: Number(headers.get("x-bytes")),
    uploaded: new Date(Number(headers.get("x-uploaded"))),
  };
}

/** A file becomes a Blob: its length is known and its bytes are read as they are sent. */
async function bodyOf(source: ObjectSource): Promise<Uint8Array<ArrayBuffer> | Blob> {
  // Only shared memory would not do, and nothing here is shared.
  return source instanceof Uint8Array ? (source as Uint8Array<ArrayBuffer>) : await openAsBlob(source.path);
}
