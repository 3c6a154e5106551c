/**
 * Decoded pages of one isolate, least recently used out first. Pages are immutable and keyed by content, so one cache
 * serves every version and survives a swap. Holds finished text only, never a pending read.
 */
export interface PageCache {
  get(key: string): string | undefined;
  set(key: string, page: string): void;
  delete(key: string): void;
  /** Lets go of pages beyond the bound, which may have become smaller. */
  trim(): void;
  /** Bytes held, as counted against the bound. */
  readonly bytes: number;
}

/** A page of more than this share of the cache would push out too many others. */
const LARGEST_SHARE = 4;
const DEFAULT_BYTES = 8 * 1024 * 1024;
/** An engine keeps a string of such characters in one byte each, any other in two. */
const WIDE = /[\u0100-\uffff]/;

interface Kept {
  readonly page: string;
  readonly cost: number;
}

/**
 * @param maxBytes bound, or where to ask for it whenever a page comes: what an index leaves free of an isolate's memory
 *   changes when a new version is loaded
 */
export function createPageCache(maxBytes: number | (() => number) = DEFAULT_BYTES): PageCache {
  // A Map iterates in insertion order; setting anew moves a page to the end.
  const pages = new Map<string, Kept>();
  let bytes = 0;
  const bound = typeof maxBytes === "number" ? () => maxBytes : maxBytes;
  const remove = (key: string): Kept | undefined => {
    const kept = pages.get(key);
    if (kept !== undefined) {
      pages.delete(key);
      bytes -= kept.cost;
    }
    return kept;
  };
  const trim = (most: number): void => {
    while (bytes > most) {
      const oldest = pages.keys().next();
      if (oldest.done) break;
      remove(oldest.value);
    }
  };
  const keep = (key: string, kept: Kept): void => {
    pages.set(key, kept);
    bytes += kept.cost;
  };
  return {
    get(key) {
      const kept = remove(key);
      if (kept !== undefined) keep(key, kept);
      return kept?.page;
    },
    set(key, page) {
      const known = remove(key);
      const cost = known?.page === page ? known.cost : page.length * (WIDE.test(page) ? 2 : 1);
      const most = bound();
      if (cost * LARGEST_SHARE > most) return;
      trim(most - cost);
      keep(key, { page, cost });
    },
    delete(key) {
      remove(key);
    },
    trim: () => trim(bound()),
    get bytes() {
      return bytes;
    },
  };
}
