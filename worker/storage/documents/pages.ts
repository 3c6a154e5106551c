import type { KVNamespace, R2Bucket } from "@cloudflare/workers-types";
import { freeBuffer } from "../../core/format/artifact.ts";
import { PAGE_READ_BYTES } from "../../core/format/budget.ts";
import { AnnoyEdgeError } from "../../core/format/errors.ts";
import { toHex } from "../../core/format/hex.ts";
import { packKey, pageKey } from "../../core/format/keys.ts";
import type { StoredDocument } from "../../core/format/meta.ts";
import { lineOf, parseLine } from "../../core/format/page.ts";
import { isRefusal } from "../../core/format/search-error.ts";
import type { Work } from "../../core/format/work.ts";
import type { DocumentPlace, PlacedDocument, ReadPlaced } from "../../core/search/docstore.ts";
import { within } from "../../core/time/wait.ts";
import { answered } from "../objects.ts";
import { createSemaphore } from "../semaphore.ts";
import { createPageCache, type PageCache } from "./cache.ts";

/** https://developers.cloudflare.com/kv/api/read-key-value-pairs/: at most 100 keys and 25 MB a bulk get. */
const BULK_KEYS = 100;
/** As JSON, in which a page of quotes may take twice its bytes. */
const BULK_BYTES = 4 * 1024 * 1024;
/** Bulk gets of one answer in flight at once: an isolate shares six connections and 128 MB among its requests. */
const CONCURRENCY = 2;
/** A page never changes, so a location may keep it for a year. */
const PAGE_TTL_SECONDS = 31_536_000;
/** The least that KV takes. After a miss: so that the absence is not remembered for a year as well. */
const RETRY_TTL_SECONDS = 30;
/** A KV slower than this is given up for R2. */
const SLOW_KV_MS = 3_000;

export interface PageOptions {
  readonly kv: KVNamespace;
  /** Places of pages' second copies, for when KV has not (yet) a page, fails or is slow. */
  readonly bucket?: R2Bucket;
  /** The index's name, which its keys begin with. */
  readonly name: string;
  /** Shared by all versions and indexes of the isolate. */
  readonly cache?: PageCache;
  readonly slowKvMs?: number;
}

type Page = Omit<DocumentPlace, "slot">;

/** Work of decoding a byte of a page and of its hash, in nanoseconds. */
const PAGE_NS = 3;
const pageReads = createSemaphore(PAGE_READ_BYTES);

function bytesOf(pages: readonly Page[]): number {
  return pages.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Reads documents out of their pages in KV. The pages of one answer are read in one bulk get (more when they are over
 * 100 or large); only the hits' lines are parsed. A page that KV lacks is asked for once more, then read from R2; so is
 * one that holds something else than it should.
 */
export function createPlacedReader(options: PageOptions): ReadPlaced {
  const { name } = options;
  const cache = options.cache ?? createPageCache();
  return async (wanted, work) => {
    const documents = new Array<StoredDocument>(wanted.length);
    // Positions in the answer by page, so that each page is looked up and dropped once.
    const pages = new Map<string, { readonly page: Page; readonly positions: number[] }>();
    for (const [i, { place }] of wanted.entries()) {
      const known = pages.get(place.page);
      if (known) known.positions.push(i);
      else pages.set(place.page, { page: place, positions: [i] });
    }
    const take = ({ page }: Page, text: string): void => {
      for (const i of pages.get(page)!.positions) {
        documents[i] = readLine(wanted[i]!, text, work);
      }
      cache.set(pageKey(name, page), text);
    };
    const isMissing = (page: Page): boolean => {
      const key = pageKey(name, page.page);
      const text = cache.get(key);
      try {
        if (text === undefined) return true;
        take(page, text);
        return false;
      } catch (error) {
        if (isRefusal(error)) throw error;
        cache.delete(key);
        return true;
      }
    };
    const missing = [...pages.values()].map(({ page }) => page).filter(isMissing);
    await forEachLimited(batches(missing), CONCURRENCY, (batch) =>
      pageReads(bytesOf(batch), async () => {
        // Others may have read some of them meanwhile.
        const wanted = batch.filter(isMissing);
        work?.spend("answer", bytesOf(wanted) * PAGE_NS);
        if (wanted.length > 0) await readPages(options, wanted, take);
      }),
    );
    return documents;
  };
}

function readLine({ item, id, place }: PlacedDocument, text: string, work: Work | undefined): StoredDocument {
  const line = lineOf(text, place.slot);
  work?.hold("read", "documents", line.length);
  const document = parseLine(line, place.slot);
  if (id !== undefined && id !== document.id) {
    throw new AnnoyEdgeError(
      "CORRUPT_PAGE",
      `The document page of item ${item} holds "${document.id}" in place of "${id}". Publish the index again.`,
    );
  }
  return document;
}

/** Groups pages so that each group fits one bulk get. */
function batches(pages: readonly Page[]): Page[][] {
  const groups: Page[][] = [];
  let group: Page[] = [];
  let bytes = 0;
  for (const page of pages) {
    const size = page.bytes;
    if (group.length === BULK_KEYS || (group.length > 0 && bytes + size > BULK_BYTES)) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(page);
    bytes += size;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

/**
 * Reads these pages: from KV, asked twice, then from R2. A page that `take` throws on counts as not found, so that a
 * damaged copy gives way to a sound one.
 */
async function readPages(
  options: PageOptions,
  pages: readonly Page[],
  take: (page: Page, text: string) => void,
): Promise<void> {
  const { name } = options;
  let missing = pages;
  let failure: unknown;
  const attempt = async (page: Page, text: string | null | undefined): Promise<boolean> => {
    if (typeof text !== "string") return false;
    try {
      await checkPage(page, text);
      take(page, text);
      return true;
    } catch (error) {
      if (isRefusal(error)) throw error;
      failure = error;
      return false;
    }
  };
  for (const cacheTtl of [PAGE_TTL_SECONDS, RETRY_TTL_SECONDS]) {
    const keys = missing.map(({ page }) => pageKey(name, page));
    try {
      const slowMs = options.slowKvMs ?? SLOW_KV_MS;
      const texts = await within(kvTexts(options.kv, keys, cacheTtl), slowMs, () => {
        throw new Error(`KV gave no answer within ${slowMs} ms.`);
      });
      const taken = await Promise.all(missing.map((page, i) => attempt(page, texts.get(keys[i]!))));
      missing = missing.filter((_, i) => !taken[i]);
    } catch (cause) {
      if (isRefusal(cause)) throw cause;
      // KV is failing or slow; asking it again would only add to the wait.
      failure = cause;
      break;
    }
    if (missing.length === 0) return;
  }
  await forEachLimited(missing, CONCURRENCY, async (page) => {
    const text = await readPack(options, page).catch((error: unknown) => {
      failure = error;
      return undefined;
    });
    if (!(await attempt(page, text))) throw unavailable(options, page, failure);
  });
}

const encoder = new TextEncoder();

/**
 * Holds a page against the hash that names it: 0.1 ms for the usual 48 kB, once for a page that an isolate reads.
 *
 * @throws AnnoyEdgeError `CORRUPT_PAGE`
 */
async function checkPage({ page }: Page, text: string): Promise<void> {
  const bytes = encoder.encode(text);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  freeBuffer(bytes.buffer);
  if (toHex(digest.subarray(0, page.length / 2)) === page) return;
  const message = `Document page ${page} is not what was published. Run "annoy-edge restore".`;
  throw new AnnoyEdgeError("CORRUPT_PAGE", message);
}

async function kvTexts(
  kv: KVNamespace,
  keys: string[],
  cacheTtl: number,
): Promise<Map<string, string | null>> {
  // A page over the bulk get's limit comes alone, by the plain get that takes 25 MiB.
  if (keys.length === 1) return new Map([[keys[0]!, await kv.get(keys[0]!, { type: "text", cacheTtl })]]);
  return kv.get(keys, { type: "text", cacheTtl });
}

/** A page's second copy; undefined when there is none. */
async function readPack(
  { bucket, name }: PageOptions,
  { pack, packOffset, bytes }: Page,
): Promise<string | undefined> {
  const range = { offset: packOffset, length: bytes };
  if (!bucket) return undefined;
  const object = await answered(bucket.get(packKey(name, pack), { range }));
  if (!object) return undefined;
  const read = await answered(object.arrayBuffer());
  if (read.byteLength !== bytes) throw new Error(`${read.byteLength} of the page's ${bytes} bytes arrived.`);
  return new TextDecoder().decode(read);
}

function unavailable({ name }: PageOptions, { page }: Page, cause: unknown): AnnoyEdgeError {
  if (cause instanceof AnnoyEdgeError) return cause;
  return new AnnoyEdgeError(
    "DOCUMENTS_UNAVAILABLE",
    `Document page ${page} of index "${name}" cannot be read at the moment. Try again; if it lasts, publish the index again.`,
    { cause },
  );
}

async function forEachLimited<T>(
  values: readonly T[],
  limit: number,
  run: (value: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < values.length) await run(values[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(limit, values.length) }, worker));
}
