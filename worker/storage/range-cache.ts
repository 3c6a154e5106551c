import { COLD_PAGE_BYTES } from "../core/format/cold-pages.ts";

/**
 * Pages of cold parts that an isolate has read. Files never change, so a file and a page's number say what a page holds.
 * Holds finished bytes only, never a pending read. All pages lie in one buffer, and each has a few places where it may
 * be: of an entry with a buffer of its own V8 kept five times the memory, as garbage, because entries live long enough to
 * leave its young generation.
 */
export interface RangeCache {
  /** Number that stands for a file in the other calls. */
  fileOf(key: string): number;
  /** View of a page; valid until the next call of `set`. */
  get(file: number, page: number): Uint8Array | undefined;
  /** Keeps a copy of a page, in place of the one that was not used for the longest time among those in its places. */
  set(file: number, page: number, bytes: Uint8Array): void;
  /** Bytes held. */
  readonly bytes: number;
}

/** Places of a page. */
const WAYS = 8;

/** @param maxBytes below 32 KiB: nothing is kept */
export function createRangeCache(maxBytes = 4 * 1024 * 1024): RangeCache {
  const sets = Math.floor(maxBytes / (WAYS * COLD_PAGE_BYTES));
  const places = sets * WAYS;
  const files = new Map<string, number>();
  const fileAt = new Int32Array(places).fill(-1);
  const pageAt = new Int32Array(places);
  const lengthAt = new Int32Array(places);
  const usedAt = new Float64Array(places);
  // Made by the first page: most indexes have no cold part.
  let memory = new Uint8Array();
  let uses = 0;
  let held = 0;
  const placeOf = (file: number, page: number): number => {
    const from = (page % sets) * WAYS;
    for (let at = from; at < from + WAYS; at++) if (pageAt[at] === page && fileAt[at] === file) return at;
    return -1;
  };
  const oldestBeside = (page: number): number => {
    const from = (page % sets) * WAYS;
    let oldest = from;
    for (let at = from; at < from + WAYS; at++) if (usedAt[at]! < usedAt[oldest]!) oldest = at;
    return oldest;
  };
  return {
    fileOf(key) {
      const known = files.get(key);
      if (known === undefined) files.set(key, files.size);
      return known ?? files.size - 1;
    },
    get(file, page) {
      if (sets === 0) return undefined;
      const at = placeOf(file, page);
      if (at < 0) return undefined;
      usedAt[at] = ++uses;
      return memory.subarray(at * COLD_PAGE_BYTES, at * COLD_PAGE_BYTES + lengthAt[at]!);
    },
    set(file, page, bytes) {
      if (sets === 0 || bytes.byteLength > COLD_PAGE_BYTES) return;
      if (memory.length === 0) memory = new Uint8Array(places * COLD_PAGE_BYTES);
      const known = placeOf(file, page);
      const at = known < 0 ? oldestBeside(page) : known;
      held += bytes.byteLength - lengthAt[at]!;
      fileAt[at] = file;
      pageAt[at] = page;
      lengthAt[at] = bytes.byteLength;
      usedAt[at] = ++uses;
      memory.set(bytes, at * COLD_PAGE_BYTES);
    },
    get bytes() {
      return held;
    },
  };
}
