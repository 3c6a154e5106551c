import { corruptKeywords, LONG_TERM, MAX_TERM_BYTES, STEM_MARK, TERMS_PER_BLOCK } from "../format/keyword.ts";

/**
 * The sorted, front-coded dictionary, read in place. Terms are numbered in byte order: the words of the index, and the
 * stems that are no words of it (marked by a last byte of 1, and held by no document).
 */
export interface Dictionary {
  readonly nTerms: number;
  readonly nBlocks: number;
  readonly bytes: Uint8Array;
  /** Per block, and one behind the last: where it begins in `bytes`, in the postings and in the positions. */
  readonly blockTerms: Uint32Array;
  readonly blockPostings: Uint32Array;
  readonly blockPositions: Uint32Array | undefined;
  /** Whether entries tell frequencies among more documents than the index holds. */
  readonly ofCollection: boolean;
}

/** A place in the dictionary. One is made per scan, none per term. */
export interface TermCursor {
  readonly dictionary: Dictionary;
  /** Number of the term that `key` holds; nTerms at the end. */
  term: number;
  readonly key: Uint8Array;
  length: number;
  /** Leading bytes that the term shares with the one before it (0 at the head of a block). */
  shared: number;
  at: number;
}

/** @param key bytes to work in, {@link MAX_TERM_BYTES} of them */
export function createCursor(dictionary: Dictionary, key = new Uint8Array(MAX_TERM_BYTES)): TermCursor {
  return {
    dictionary,
    term: dictionary.nTerms,
    key,
    length: 0,
    shared: 0,
    at: 0,
  };
}

/** Moves to the head of a block. */
function enterBlock(cursor: TermCursor, block: number): void {
  const { dictionary } = cursor;
  cursor.term = block * TERMS_PER_BLOCK;
  cursor.length = 0;
  if (cursor.term >= dictionary.nTerms) {
    cursor.term = dictionary.nTerms;
    return;
  }
  cursor.at = dictionary.blockTerms[block]!;
  readTerm(cursor);
}

/**
 * Reads how a term begins at `at`: its shared and own bytes, and where the own ones are, as
 * shared * 2^16 + own * 2^8 + (bytes of the lengths). One number, so that nothing is allocated.
 */
export function readLengths(bytes: Uint8Array, at: number): number {
  const both = bytes[at] ?? 0;
  if (both !== LONG_TERM) return ((both >>> 4) << 16) | ((both & 15) << 8) | 1;
  return ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | 3;
}

/** Reads the term at `cursor.at` over the one before it. */
function readTerm(cursor: TermCursor): void {
  const { bytes } = cursor.dictionary;
  const lengths = readLengths(bytes, cursor.at);
  const shared = lengths >>> 16;
  const rest = (lengths >>> 8) & 0xff;
  const from = cursor.at + (lengths & 0xff);
  if (!(shared <= cursor.length && shared + rest <= MAX_TERM_BYTES && from + rest <= bytes.length)) {
    throw corruptKeywords(`term ${cursor.term} is longer than its block`);
  }
  for (let i = 0; i < rest; i++) cursor.key[shared + i] = bytes[from + i]!;
  cursor.shared = shared;
  cursor.length = shared + rest;
  cursor.at = from + rest;
}

/** Moves to the next term; false at the end. */
export function nextTerm(cursor: TermCursor): boolean {
  const { nTerms } = cursor.dictionary;
  if (cursor.term + 1 >= nTerms) {
    cursor.term = nTerms;
    return false;
  }
  const next = cursor.term + 1;
  if (next % TERMS_PER_BLOCK === 0) {
    enterBlock(cursor, next / TERMS_PER_BLOCK);
    return true;
  }
  cursor.term = next;
  readTerm(cursor);
  return true;
}

/** Moves to a term by its number; false when there is none. */
export function moveTo(cursor: TermCursor, term: number): boolean {
  enterBlock(cursor, Math.floor(term / TERMS_PER_BLOCK));
  while (cursor.term < term) if (!nextTerm(cursor)) return false;
  return cursor.term < cursor.dictionary.nTerms;
}

/** Moves to the first term that is not below the key; false when there is none. */
export function seekTerm(cursor: TermCursor, key: Uint8Array): boolean {
  const { dictionary } = cursor;
  if (dictionary.nTerms === 0) return false;
  let low = 0;
  let high = dictionary.nBlocks;
  // The last block whose head is not above the key.
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareHead(dictionary, middle, key) <= 0) low = middle + 1;
    else high = middle;
  }
  enterBlock(cursor, Math.max(0, low - 1));
  while (cursor.term < dictionary.nTerms) {
    if (compareKey(cursor, key) >= 0) return true;
    if (!nextTerm(cursor)) return false;
  }
  return false;
}

/** Moves to the first term that does not begin with the first `length` bytes of `cursor.key` and comes after it. */
export function skipPrefix(cursor: TermCursor, length: number): boolean {
  const { dictionary } = cursor;
  const { bytes, nTerms } = dictionary;
  // Within the block the shared lengths tell, without touching the bytes.
  const blockEnd = Math.min(nTerms, (Math.floor(cursor.term / TERMS_PER_BLOCK) + 1) * TERMS_PER_BLOCK);
  while (cursor.term + 1 < blockEnd) {
    cursor.term++;
    const lengths = readLengths(bytes, cursor.at);
    if (lengths >>> 16 < length) {
      readTerm(cursor);
      return true;
    }
    // The key's bytes beyond the prefix are stale now; the next term to be read shares fewer.
    const rest = (lengths >>> 8) & 0xff;
    cursor.length = Math.min((lengths >>> 16) + rest, MAX_TERM_BYTES);
    cursor.at += (lengths & 0xff) + rest;
  }
  if (blockEnd >= nTerms) {
    cursor.term = nTerms;
    return false;
  }
  const block = blockEnd / TERMS_PER_BLOCK;
  if (!hasPrefix(dictionary, block, cursor.key, length)) {
    enterBlock(cursor, block);
    return true;
  }
  // Many terms begin so: look for the end of them by halving. 255 is in no UTF-8, so it is above all of them.
  const above = cursor.key.slice(0, length + 1);
  above[length] = 0xff;
  const alive = seekTerm(cursor, above);
  if (alive && cursor.term < blockEnd) throw corruptKeywords("its words are out of order");
  return alive;
}

function hasPrefix(dictionary: Dictionary, block: number, key: Uint8Array, length: number): boolean {
  const { bytes } = dictionary;
  const lengths = readLengths(bytes, dictionary.blockTerms[block]!);
  if (((lengths >>> 8) & 0xff) < length) return false;
  const from = dictionary.blockTerms[block]! + (lengths & 0xff);
  for (let i = 0; i < length; i++) if (bytes[from + i] !== key[i]) return false;
  return true;
}

function compareHead({ bytes, blockTerms }: Dictionary, block: number, key: Uint8Array): number {
  const lengths = readLengths(bytes, blockTerms[block]!);
  return compareBytes(bytes, blockTerms[block]! + (lengths & 0xff), (lengths >>> 8) & 0xff, key);
}

export function compareKey(cursor: TermCursor, key: Uint8Array): number {
  return compareBytes(cursor.key, 0, cursor.length, key);
}

/** Compares `length` bytes from a place on with a key. */
function compareBytes(bytes: Uint8Array, from: number, length: number, key: Uint8Array): number {
  const common = Math.min(length, key.length);
  for (let i = 0; i < common; i++) {
    const difference = (bytes[from + i] ?? 0) - key[i]!;
    if (difference !== 0) return difference;
  }
  return length - key.length;
}

/** Whether the term under the cursor begins with these bytes. */
export function startsWith({ key, length }: TermCursor, prefix: Uint8Array): boolean {
  if (length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (key[i] !== prefix[i]) return false;
  return true;
}

/** Whether the term under the cursor is a stem and no word. */
export function isStem(cursor: TermCursor): boolean {
  return cursor.key[cursor.length - 1] === STEM_MARK;
}

const decoder = new TextDecoder();

/** The text of the term under the cursor. */
export function cursorText(cursor: TermCursor): string {
  return decoder.decode(cursor.key.subarray(0, cursor.length));
}
