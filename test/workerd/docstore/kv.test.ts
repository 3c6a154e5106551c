import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { packKey, pageKey } from "../../../worker/core/format/keys.ts";
import { encodeLine } from "../../../worker/core/format/page.ts";
import { NO_DOCUMENT, type Placement, placementEntry } from "../../../worker/core/format/placement.ts";
import { createWork } from "../../../worker/core/format/work.ts";
import { openReservation } from "../../../worker/http/reservation.ts";
import { createPageCache } from "../../../worker/storage/documents/cache.ts";
import { type KvDocstoreOptions, openKvDocstore } from "../../../worker/storage/documents/kv.ts";

const NAME = "docstore";
const PACK = "ab".repeat(16);
const PAGES = 250;
const LINES = 4;
const document = (item: number) => ({ id: `id-${item}`, pageContent: `text ${item} ü`, metadata: { item } });

let placement: Placement;
let hashes: string[];
const hash = (page: number) => hashes[page]!;

beforeAll(async () => {
  const texts = Array.from({ length: PAGES }, (_, page) =>
    Array.from({ length: LINES }, (_, line) => `${encodeLine(document(page * LINES + line))}\n`).join(""),
  );
  const encoded = texts.map((text) => new TextEncoder().encode(text));
  hashes = await Promise.all(
    encoded.map(async (bytes) => {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      return Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
    }),
  );
  let packOffset = 0;
  const pages = encoded.map((bytes, page) => {
    const placed = { hash: hash(page), pack: 0, packOffset, bytes: bytes.length, lines: LINES };
    packOffset += bytes.length;
    return placed;
  });
  const entries = Uint32Array.from({ length: PAGES * LINES + 1 }, (_, item) =>
    item === PAGES * LINES ? NO_DOCUMENT : placementEntry(Math.floor(item / LINES), item % LINES),
  );
  placement = { nItems: entries.length, pages, packs: [PACK], entries };
  await env.INDEXES.put(packKey(NAME, PACK), texts.join(""));
  await Promise.all(texts.map((text, page) => env.DOCUMENTS.put(pageKey(NAME, hash(page)), text)));
});

interface Call {
  readonly keys: string[];
  readonly cacheTtl: number | undefined;
}

/** The real namespace, with a note of what is asked of it. */
function watched(): { kv: typeof env.DOCUMENTS; calls: Call[] } {
  const calls: Call[] = [];
  const kv = new Proxy(env.DOCUMENTS, {
    get(namespace, property) {
      if (property !== "get") return Reflect.get(namespace, property);
      return (keys: string | string[], options: KVNamespaceGetOptions<"text">) => {
        calls.push({ keys: [keys].flat(), cacheTtl: options.cacheTtl });
        return Array.isArray(keys) ? namespace.get(keys, options) : namespace.get(keys, options);
      };
    },
  });
  return { kv, calls };
}

const open = (options: Partial<KvDocstoreOptions> = {}) =>
  openKvDocstore({ kv: env.DOCUMENTS, name: NAME, placement, cache: createPageCache(), ...options });

test("documents come in the order asked for, and an item without one as undefined", async () => {
  const items = [999, 0, 1, PAGES * LINES, 500, 0, 123_456];
  expect(await open().getItems(items)).toEqual(
    items.map((item) => (item < PAGES * LINES ? document(item) : undefined)),
  );
});

test("the pages of one answer are read in one bulk get, each page once", async () => {
  const { kv, calls } = watched();
  await open({ kv }).getItems([0, 1, 2, 5, 9, 13, 17]);
  expect(calls.map(({ keys }) => keys.length)).toEqual([5]);
});

test("more than 100 pages are read in several bulk gets", async () => {
  const { kv, calls } = watched();
  const items = Array.from({ length: PAGES * LINES }, (_, item) => item);
  expect(await open({ kv }).getItems(items)).toEqual(items.map(document));
  expect(calls.map(({ keys }) => keys.length)).toEqual([100, 100, 50]);
});

test("large pages are read in bulk gets of at most 4 MB, the largest alone", async () => {
  const { kv, calls } = watched();
  const sizes = [1.5, 1.5, 1.5, 25].map((mb) => mb * 1024 * 1024);
  const pages = placement.pages.map((page, i) => ({ ...page, bytes: sizes[i] ?? page.bytes }));
  await open({ kv, placement: { ...placement, pages } }).getItems([0, 4, 8, 12]);
  expect(calls.map(({ keys }) => keys.length)).toEqual([2, 1, 1]);
});

test("a page is work once, by its bytes, and a document by its whole line", async () => {
  const docstore = open();
  const spent = async (items: readonly number[]) => {
    const work = createWork();
    await docstore.getItems(items, work);
    return work.spent();
  };
  const line = encodeLine(document(0)).length;
  const first = await spent([0]);
  const again = await spent([0]);
  expect(again).toBeGreaterThanOrEqual(line);
  expect(first - again).toBeGreaterThanOrEqual(placement.pages[0]!.bytes);
});

test("a page that was read before is not read again", async () => {
  const { kv, calls } = watched();
  const docstore = open({ kv });
  await docstore.getItems([0, 4]);
  await docstore.getItems([3, 7]);
  expect(calls).toHaveLength(1);
});

test("pages are asked for with a long lifetime, a missing one again with a short one", async () => {
  const { kv, calls } = watched();
  const missing = placement.pages.map((page, i) => (i === 1 ? { ...page, hash: "f".repeat(32) } : page));
  const docstore = open({ kv, placement: { ...placement, pages: missing } });
  await expect(docstore.getItems([0, 4])).rejects.toMatchObject({ code: "DOCUMENTS_UNAVAILABLE" });
  expect(calls.map(({ keys, cacheTtl }) => [keys.length, cacheTtl])).toEqual([
    [2, 31_536_000],
    [1, 30],
  ]);
});

test("a request that has been answered meanwhile reads nothing more, and leaves the pages that are kept", async () => {
  const { kv, calls } = watched();
  const { reserve, counting, release } = openReservation();
  reserve(1);
  // The request ends while its page is being read.
  const leaving = new Proxy(kv, {
    get(target, property) {
      release();
      return Reflect.get(target, property);
    },
  });
  const docstore = open({ kv: leaving, bucket: env.INDEXES });
  const late = () => docstore.getItems([0], counting(createWork()));
  await expect(late()).rejects.toMatchObject({ code: "TIMEOUT" });
  expect(calls).toHaveLength(1);
  expect(await docstore.getItems([0])).toEqual([document(0)]);
  await expect(late()).rejects.toMatchObject({ code: "TIMEOUT" });
  await docstore.getItems([0]);
  expect(calls).toHaveLength(2);
});

test("a page that KV lacks is read from its pack in R2", async () => {
  for (const page of [0, 4, 249]) await env.DOCUMENTS.delete(pageKey(NAME, hash(page)));
  const docstore = open({ bucket: env.INDEXES });
  expect(await docstore.getItems([0, 17, 999])).toEqual([document(0), document(17), document(999)]);
});

test("a KV that fails or gives no answer is passed by", async () => {
  const failing = { get: () => Promise.reject(new Error("KV GET failed: 503")) };
  const silent = { get: () => new Promise(() => {}) };
  for (const kv of [failing, silent]) {
    // Only `get` is ever called.
    const docstore = open({ kv: kv as never, bucket: env.INDEXES, slowKvMs: 50 });
    expect(await docstore.getItems([8, 9])).toEqual([document(8), document(9)]);
  }
});

test("documents that neither KV nor R2 gives whole are a problem, and no hang", async () => {
  const silent = { get: () => new Promise(() => {}) } as never;
  const cut = { get: async () => ({ arrayBuffer: async () => new ArrayBuffer(3) }) } as never;
  for (const bucket of [silent, cut]) {
    await expect(open({ kv: silent, bucket, slowKvMs: 50 }).getItems([8])).rejects.toMatchObject({
      code: "DOCUMENTS_UNAVAILABLE",
    });
  }
});

test("a page with other documents than the placement says is never taken for the right one", async () => {
  const idOf = (item: number) => `id-${item}`;
  const swapped = placement.pages.map((page, i) => ({ ...page, hash: hash((i + 1) % PAGES) }));
  const docstore = open({ idOf, placement: { ...placement, pages: swapped } });
  await expect(docstore.getItems([0])).rejects.toMatchObject({ code: "CORRUPT_PAGE" });
});

test("a page in KV that was altered gives way to its copy in R2, and without one is not shown", async () => {
  const key = pageKey(NAME, hash(7));
  const text = (await env.DOCUMENTS.get(key))!;
  for (const altered of ["{}\n", text.replace("text 29", "text 92")]) {
    await env.DOCUMENTS.put(key, altered);
    expect(await open({ bucket: env.INDEXES }).getItems([29])).toEqual([document(29)]);
    await expect(open().getItems([29])).rejects.toMatchObject({ code: "CORRUPT_PAGE" });
  }
});

test("documents beyond the bytes of one answer are refused before all of them are read", async () => {
  const long = "x".repeat(3_000_000);
  const put = async (item: number): Promise<Placement["pages"][number]> => {
    const bytes = new TextEncoder().encode(`${encodeLine({ ...document(item), pageContent: long })}\n`);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const name = Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
    await env.DOCUMENTS.put(pageKey(NAME, name), bytes);
    return { hash: name, pack: 0, packOffset: 0, bytes: bytes.length, lines: 1 };
  };
  const pages = await Promise.all([0, 1, 2, 3, 4].map(put));
  const entries = Uint32Array.from(pages, (_, page) => placementEntry(page, 0));
  const { kv, calls } = watched();
  const docstore = open({ kv, placement: { ...placement, nItems: 5, pages, entries } });
  await expect(docstore.getItems([0, 1, 2, 3, 4], createWork())).rejects.toMatchObject({
    code: "ANSWER_TOO_LARGE",
    issues: [{ field: "k" }],
  });
  expect(calls.length).toBeLessThan(5);
});
