import { randomBytes } from "node:crypto";
import { openAsBlob } from "node:fs";
import { readFile, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { megabytes, PART_BYTES } from "./cost.ts";
import { startRuntime } from "./runtime.ts";
import {
  type FileSource,
  type ObjectInfo,
  type ObjectSource,
  type PublishStore,
  type PutOptions,
  pageInfo,
  sizeOf,
} from "./store.ts";
import { importMiniflare } from "./tools.ts";

type Binding = string | { readonly id: string; readonly remoteProxyConnectionString: never };

export interface BindingOptions {
  readonly target: "local" | "remote";
  /** For messages. */
  readonly where: string;
  /** Targets of the bindings: local ids, or remote ones behind wrangler's proxy. */
  readonly r2: Binding;
  readonly kv: Binding;
  /** Folder of the local state. */
  readonly resourcePersistencePath?: string;
  /** Files from this size on are uploaded in parts. */
  readonly multipartBytes?: number;
  /** Keys that one listing returns; 1,000 at most. */
  readonly listLimit?: number;
  readonly onClose?: () => Promise<void>;
}

const STORE_WORKER = fileURLToPath(new URL("./store-worker.js", import.meta.url));
const COMPATIBILITY_DATE = "2026-10-20";
const PAGE_KEYS = 100;
const LIST_LIMIT = 1000;
const STARTS = 4;
const LONGEST_WAIT_MS = 500;
/** A publisher of large files holds the local databases for seconds. */
const BUSY_LIMIT_MS = 30_000;
/** Local state takes 100 MB in a few seconds. */
const LOCAL_LIMIT_MS = 120_000;
/** Room that SQLite's journal takes beside what is written. */
const JOURNAL_BYTES = 1 << 20;

/** Opens R2 and KV through a Worker's bindings, in a workerd of its own (about half a second); `close` ends it. */
export async function openBindings(options: BindingOptions): Promise<PublishStore> {
  const { convertV4MiniflareOptions } = await importMiniflare();
  const { r2, kv, resourcePersistencePath } = options;
  const secret = randomBytes(32).toString("hex");
  const settings = convertV4MiniflareOptions({
    modules: true,
    script: await readFile(STORE_WORKER, "utf8"),
    compatibilityDate: COMPATIBILITY_DATE,
    r2Buckets: { INDEXES: r2 },
    kvNamespaces: { DOCUMENTS: kv },
    bindings: { SECRET: secret },
    ...(resourcePersistencePath !== undefined && { resourcePersistencePath }),
    cf: false,
  });
  for (let attempt = 1; ; attempt++) {
    try {
      const { origin, stop } = await startRuntime(settings);
      return bindingStore(origin, secret, options, async () => {
        await stop();
        await options.onClose?.();
      });
    } catch (cause) {
      if (attempt === STARTS) {
        for (const folder of [tmpdir(), resourcePersistencePath]) await requireRoom(folder, 0);
        throw notStarted(cause, options.where);
      }
      // Another process was opening the same databases at this very moment.
      await sleep(200 * attempt * (0.5 + Math.random()));
    }
  }
}

function notStarted(cause: unknown, where: string): AnnoyEdgeError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new AnnoyEdgeError(
    "STORE_FAILED",
    `The runtime for R2 and KV (${where}) did not start: ${message.split("\n")[0]} Run it again, or with DEBUG=1 to see more.`,
    { cause },
  );
}

function storeFailed(where: string, what: string, cause?: unknown): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "STORE_FAILED",
    `R2 or KV (${where}) ${what} Try again; what was written stays and is found.`,
    { cause },
  );
}

/**
 * Looks for room on the disk before a write: workerd never answers a write that finds the disk full.
 *
 * @throws AnnoyEdgeError `DISK_FULL`
 */
async function requireRoom(folder: string | undefined, bytes: number): Promise<void> {
  if (folder === undefined) return;
  // A folder that is not there yet tells nothing.
  const disk = await statfs(folder).catch(() => undefined);
  const room = disk ? disk.bavail * disk.bsize : Number.POSITIVE_INFINITY;
  if (room >= bytes + JOURNAL_BYTES) return;
  throw new AnnoyEdgeError(
    "DISK_FULL",
    `The disk of ${folder} has ${megabytes(room)} left, and the next write needs ${megabytes(bytes + JOURNAL_BYTES)}. Free some room and publish again; what was written stays and is found.`,
  );
}

interface WireInfo {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
  readonly uploaded: number;
}

type Call = (path: string, init?: RequestInit, accept?: readonly number[]) => Promise<Response>;

/** Makes requests of the runtime, again while its databases are busy. */
function createCaller(origin: URL, secret: string, options: BindingOptions): Call {
  return async (path, init = {}, accept = []) => {
    const start = performance.now();
    for (let attempt = 1; ; attempt++) {
      const headers = { ...init.headers, authorization: `Bearer ${secret}` };
      const signal = options.target === "local" ? AbortSignal.timeout(LOCAL_LIMIT_MS) : null;
      const response = await fetch(new URL(path, origin), { ...init, headers, signal }).catch((cause) => {
        const limit = `did not answer within ${LOCAL_LIMIT_MS / 1000} seconds: is its disk full?`;
        throw storeFailed(options.where, signal?.aborted ? limit : "stopped while it was asked.", cause);
      });
      if (response.ok || accept.includes(response.status)) return response;
      const text = (await response.text()).split("\n")[0];
      if (performance.now() - start > BUSY_LIMIT_MS) {
        const what = `answered ${response.status} for ${BUSY_LIMIT_MS / 1000} seconds (${text}).`;
        throw storeFailed(options.where, `${what} Another publish or wrangler dev may be writing there.`);
      }
      // Local databases belong to one writer at a time, and the other may be another publisher or `wrangler dev`.
      await sleep(Math.min(LONGEST_WAIT_MS, 20 * 2 ** attempt) * (0.5 + Math.random()));
    }
  };
}

function bindingStore(
  origin: URL,
  secret: string,
  options: BindingOptions,
  dispose: () => Promise<void>,
): PublishStore {
  const call = createCaller(origin, secret, options);
  const limit = options.listLimit ?? LIST_LIMIT;
  const objectPath = (key: string) => `object/${encodeURIComponent(key)}`;
  const send = (path: string, method: string, value: unknown) =>
    call(path, { method, body: JSON.stringify(value) });

  const headObject = async (key: string): Promise<ObjectInfo | undefined> => {
    const response = await call(objectPath(key), { method: "HEAD" }, [404]);
    return response.status === 404 ? undefined : infoOf(key, response.headers);
  };

  return {
    where: options.where,
    headObject,
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
    async putObject(key, source, put = {}) {
      await requireRoom(options.resourcePersistencePath, sizeOf(source));
      if (!(source instanceof Uint8Array) && source.bytes >= (options.multipartBytes ?? Infinity)) {
        if (put.ifAbsent && (await headObject(key))) return undefined;
        return uploadParts(call, key, source, put);
      }
      const headers: Record<string, string> = {
        "content-type": put.contentType ?? "application/octet-stream",
      };
      if (put.ifMatch !== undefined) headers["if-match"] = put.ifMatch;
      if (put.ifAbsent) headers["if-none-match"] = "*";
      const body = await bodyOf(source);
      const response = await call(objectPath(key), { method: "PUT", headers, body }, [412]);
      if (response.status === 412) return undefined;
      put.onProgress?.(sizeOf(source));
      const written = (await response.json()) as WireInfo;
      return { ...written, uploaded: new Date(written.uploaded) };
    },
    async *listObjects(prefix) {
      type Listed = { objects: WireInfo[]; cursor: string | null };
      for (let cursor: string | null = ""; cursor !== null; ) {
        const listed: Listed = await listPage<Listed>(call, "objects", prefix, cursor, limit);
        for (const object of listed.objects) yield { ...object, uploaded: new Date(object.uploaded) };
        cursor = listed.cursor;
      }
    },
    async deleteObjects(keys) {
      for (let i = 0; i < keys.length; i += 1000) await send("objects", "POST", keys.slice(i, i + 1000));
    },
    async putPages(pages) {
      await requireRoom(
        options.resourcePersistencePath,
        pages.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0),
      );
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
        const listed: Listed = await listPage<Listed>(call, "pages", prefix, cursor, limit);
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

/** A large file in parts, one after the other: what lies between may not take a large body. */
async function uploadParts(
  call: (path: string, init: RequestInit) => Promise<Response>,
  key: string,
  source: FileSource,
  put: PutOptions,
): Promise<ObjectInfo> {
  const path = `upload/${encodeURIComponent(key)}`;
  const post = async <T>(query: string, value: unknown): Promise<T> => {
    const response = await call(`${path}?${query}`, { method: "POST", body: JSON.stringify(value) });
    return (await response.json()) as T;
  };
  const contentType = put.contentType ?? "application/octet-stream";
  const { uploadId } = await post<{ uploadId: string }>("", { contentType });
  const id = `id=${encodeURIComponent(uploadId)}`;
  const file = await openAsBlob(source.path);
  const parts: unknown[] = [];
  for (let offset = 0; offset < source.bytes; offset += PART_BYTES) {
    const body = file.slice(offset, Math.min(source.bytes, offset + PART_BYTES));
    const query = `${id}&part=${parts.length + 1}`;
    parts.push(await (await call(`${path}?${query}`, { method: "PUT", body })).json());
    put.onProgress?.(offset + body.size);
  }
  const written = await post<WireInfo>(id, parts);
  return { ...written, uploaded: new Date(written.uploaded) };
}

async function listPage<T>(
  call: (path: string) => Promise<Response>,
  path: string,
  prefix: string,
  cursor: string,
  limit: number,
): Promise<T> {
  const query = new URLSearchParams({ prefix, limit: String(limit) });
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
