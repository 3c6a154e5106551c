/**
 * Decoded pages of one isolate, least recently used out first. Pages are immutable and keyed by content, so one cache
 * serves every version and survives a swap. Holds finished text only, never a pending read.
 */
export interface PageCache {
  get(key: string): string | undefined;
  set(key: string, page: string): void;
  delete(key: string): void;
  /** Bytes held, as counted against the bound. */
  readonly bytes: number;
}

/** A page of more than this share of the cache would push out too many others. */
const LARGEST_SHARE = 4;

/** @param maxBytes bound, counting two bytes a character, the most that a string takes */
export function createPageCache(maxBytes = 8 * 1024 * 1024): PageCache {
  // A Map iterates in insertion order; setting anew moves a page to the end.
  const pages = new Map<string, string>();
  let bytes = 0;
  const remove = (key: string): string | undefined => {
    const page = pages.get(key);
    if (page !== undefined) {
      pages.delete(key);
      bytes -= page.length * 2;
    }
    return page;
  };
  return {
    get(key) {
      const page = remove(key);
      if (page !== undefined) {
        pages.set(key, page);
        bytes += page.length * 2;
      }
      return page;
    },
    set(key, page) {
      remove(key);
      const cost = page.length * 2;
      if (cost * LARGEST_SHARE > maxBytes) return;
      while (bytes + cost > maxBytes) {
        const oldest = pages.keys().next();
        if (oldest.done) break;
        remove(oldest.value);
      }
      pages.set(key, page);
      bytes += cost;
    },
    delete(key) {
      remove(key);
    },
    get bytes() {
      return bytes;
    },
  };
}
