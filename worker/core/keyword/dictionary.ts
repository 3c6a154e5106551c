import {
  corruptKeywords,
  MAX_CLASS_SIZE,
  MAX_TERM_BYTES,
  STEM_MARK,
  TERMS_PER_BLOCK,
} from "../format/keyword.ts";
import {
  compareKey,
  createCursor,
  cursorText,
  type Dictionary,
  moveTo,
  readLengths,
  seekTerm,
} from "./cursor.ts";

/** Entry of the dictionary. */
export interface TermEntry {
  readonly term: number;
  /** Documents that hold this very word. */
  readonly documents: number;
  /** Documents that hold any word of the same stem. */
  readonly classDocuments: number;
  /** The same two numbers among all documents of the collection, where the index holds a part of it. */
  readonly total: number;
  readonly classTotal: number;
  readonly postingsStart: number;
  readonly postingsEnd: number;
  readonly positionsStart: number;
  readonly positionsEnd: number;
  /** The next term with the same stem, in a ring; the term itself when it is alone. */
  readonly nextInClass: number;
}

/** Places of a term whose lists are not at hand. */
export const NO_POSTINGS = {
  ...{ postingsStart: 0, postingsEnd: 0, positionsStart: 0, positionsEnd: 0 },
} as const;

const encoder = new TextEncoder();

export function encodeTerm(term: string): Uint8Array {
  return encoder.encode(term);
}

/** The bytes under which the stem is found when it is no word itself. */
export function encodeStem(stem: string): Uint8Array {
  const bytes = encoder.encode(`${stem}\u0000`);
  bytes[bytes.length - 1] = STEM_MARK;
  return bytes;
}

/** Typed arrays lie outside the heap and cost more than the search: one serves all that end before the next begins. */
const scratch = new Uint8Array(MAX_TERM_BYTES);

/** The number of a term, or -1. O(log terms). */
export function findTerm(dictionary: Dictionary, key: Uint8Array): number {
  if (key.length === 0 || key.length > MAX_TERM_BYTES) return -1;
  const cursor = createCursor(dictionary, scratch);
  if (!seekTerm(cursor, key)) return -1;
  return compareKey(cursor, key) === 0 ? cursor.term : -1;
}

export function termText(dictionary: Dictionary, term: number): string {
  const cursor = createCursor(dictionary, scratch);
  return moveTo(cursor, term) ? cursorText(cursor) : "";
}

/** Reads what stands about a term behind its block's words. */
export function readEntry(dictionary: Dictionary, term: number): TermEntry {
  const { bytes, nTerms } = dictionary;
  if (!(term >= 0 && term < nTerms)) throw corruptKeywords(`there is no term ${term}`);
  const block = Math.floor(term / TERMS_PER_BLOCK);
  const first = block * TERMS_PER_BLOCK;
  const count = Math.min(TERMS_PER_BLOCK, nTerms - first);
  let at = dictionary.blockTerms[block]!;
  const end = dictionary.blockTerms[block + 1]!;
  for (let i = 0; i < count; i++) {
    const lengths = readLengths(bytes, at);
    at += (lengths & 0xff) + ((lengths >>> 8) & 0xff);
  }
  let postingsEnd = dictionary.blockPostings[block]!;
  let positionsEnd = dictionary.blockPositions?.[block] ?? 0;
  let postingsStart = postingsEnd;
  let positionsStart = positionsEnd;
  let documents = 0;
  let classDocuments = 0;
  let total = 0;
  let classTotal = 0;
  let ring = 0;
  const next = () => {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 5; i++) {
      if (at >= end) throw corruptKeywords(`block ${block} of the dictionary ends within an entry`);
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw corruptKeywords(`block ${block} of the dictionary holds an endless number`);
  };
  for (let i = first; i <= term; i++) {
    documents = next();
    postingsStart = postingsEnd;
    postingsEnd += documents === 0 ? 0 : next();
    if (dictionary.blockPositions) {
      positionsStart = positionsEnd;
      positionsEnd += documents === 0 ? 0 : next();
    }
    ring = next();
    classDocuments = ring === 0 ? documents : next();
    total = dictionary.ofCollection && documents > 0 ? next() : documents;
    classTotal = dictionary.ofCollection ? next() : classDocuments;
  }
  // Zigzag: even is forwards.
  const nextInClass = term + (ring % 2 === 0 ? ring / 2 : -(ring + 1) / 2);
  if (!(nextInClass >= 0 && nextInClass < nTerms))
    throw corruptKeywords(`term ${term} shares a stem with none`);
  if (postingsEnd > dictionary.blockPostings[block + 1]!) {
    throw corruptKeywords(`term ${term} has postings beyond its block`);
  }
  if (positionsEnd > (dictionary.blockPositions?.[block + 1] ?? 0)) {
    throw corruptKeywords(`term ${term} has positions beyond its block`);
  }
  return {
    term,
    documents,
    classDocuments,
    total,
    classTotal,
    postingsStart,
    postingsEnd,
    positionsStart,
    positionsEnd,
    nextInClass,
  };
}

/** All words of the index that share a term's stem, the term first; a stem that is no word is left out. */
export function readClass(dictionary: Dictionary, term: number): TermEntry[] {
  const entries: TermEntry[] = [];
  let entry = readEntry(dictionary, term);
  for (let steps = 0; ; steps++) {
    if (steps > MAX_CLASS_SIZE) throw corruptKeywords(`the words with the stem of term ${term} form no ring`);
    if (entry.documents > 0) entries.push(entry);
    if (entry.nextInClass === term) return entries;
    entry = readEntry(dictionary, entry.nextInClass);
  }
}
