import { freeBuffer } from "../core/format/release.ts";

/**
 * Pages of cold parts that an isolate has read, least recently used out first. Files never change, so a file's key and a
 * page's number say what a page holds. Holds finished bytes only, never a pending read.
 */
export interface RangeCache {
  /** View of a page, which is empty once the page has been pushed out: nobody keeps it over an `await`. */
  get(file: string, page: number): Uint8Array | undefined;
  /** Keeps a copy. */
  set(file: string, page: number, bytes: Uint8Array): void;
  /** Bytes held. */
  readonly bytes: number;
}

export function createRangeCache(maxBytes = 4 * 1024 * 1024): RangeCache {
  // A Map iterates in insertion order; setting anew moves a page to the end.
  const pages = new Map<string, Uint8Array>();
  let held = 0;
  const take = (key: string): Uint8Array | undefined => {
    const bytes = pages.get(key);
    if (!bytes) return undefined;
    pages.delete(key);
    held -= bytes.byteLength;
    return bytes;
  };
  const drop = (key: string): void => {
    const bytes = take(key);
    if (bytes) freeBuffer(bytes.buffer);
  };
  const put = (key: string, bytes: Uint8Array): void => {
    pages.set(key, bytes);
    held += bytes.byteLength;
  };
  return {
    get(file, page) {
      const key = `${page} ${file}`;
      const bytes = take(key);
      if (bytes) put(key, bytes);
      return bytes;
    },
    set(file, page, bytes) {
      if (bytes.byteLength > maxBytes) return;
      const key = `${page} ${file}`;
      drop(key);
      while (held + bytes.byteLength > maxBytes) drop(pages.keys().next().value!);
      put(key, bytes.slice());
    },
    get bytes() {
      return held;
    },
  };
}
