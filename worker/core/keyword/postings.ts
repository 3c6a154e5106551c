import { corruptKeywords, POSTINGS_PER_BLOCK } from "../format/keyword.ts";
import type { Work } from "../format/work.ts";
import type { TermEntry } from "./dictionary.ts";
import type { KeywordIndex } from "./keyword-index.ts";

/** Larger than any item: where a list has ended. */
export const NO_ITEM = 0xffff_ffff;

/** A place in a posting list. Made once for a list and search; reading allocates nothing. */
export interface PostingCursor {
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly nItems: number;
  readonly blocked: boolean;
  /** Weight of a count of this word: 1, or less for an inflection. */
  readonly share: number;
  at: number;
  /** Postings behind the current one. */
  left: number;
  /** Postings of the current block behind the current one, the block's last item and its end; of long lists only. */
  blockLeft: number;
  blockLast: number;
  blockEnd: number;
  /** Item of the current posting; {@link NO_ITEM} behind the last. */
  item: number;
  /** Weighted count of the word in the item. */
  units: number;
}

/** Opens a term's list and reads its first posting. */
export function openPostings(
  { postings, nItems }: KeywordIndex,
  { term, documents, postingsStart: start, postingsEnd: end }: TermEntry,
  share = 1,
): PostingCursor {
  if (!(start <= end && end <= postings.length)) {
    throw corruptKeywords(`the postings of term ${term} lie outside their section`);
  }
  const blocked = documents > POSTINGS_PER_BLOCK;
  return firstPosting({ bytes: postings, end, nItems, blocked, share, at: start, left: documents });
}

/** Opens a list of items in memory, ascending, each of which counts as one word in a field of weight 1. */
export function openList({ nItems, unitsPerOne }: KeywordIndex, items: readonly number[]): PostingCursor {
  const bytes: number[] = [];
  const put = (value: number) => {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  };
  let last = -1;
  for (const item of items) {
    put((item - last - 1) * 2 + (unitsPerOne > 1 ? 1 : 0));
    if (unitsPerOne > 1) put(unitsPerOne - 2);
    last = item;
  }
  const list = { bytes: Uint8Array.from(bytes), end: bytes.length, at: 0, left: items.length };
  return firstPosting({ ...list, nItems, blocked: false, share: 1 });
}

type List = Pick<PostingCursor, "bytes" | "end" | "nItems" | "blocked" | "share" | "at" | "left">;

/** Makes the cursor of a list, at its first posting. All cursors have one shape, which loops over postings rely on. */
function firstPosting({ bytes, end, nItems, blocked, share, at, left }: List): PostingCursor {
  const cursor: PostingCursor = {
    bytes,
    end,
    nItems,
    blocked,
    share,
    at,
    left,
    blockLeft: 0,
    blockLast: -1,
    blockEnd: at,
    item: -1,
    units: 0,
  };
  nextPosting(cursor);
  return cursor;
}

function readNumber(cursor: PostingCursor): number {
  const { bytes, end } = cursor;
  let at = cursor.at;
  // Nearly all numbers are of one byte.
  const first = at < end ? bytes[at]! : 0x80;
  if (first < 0x80) {
    cursor.at = at + 1;
    return first;
  }
  let value = 0;
  let shift = 0;
  for (;;) {
    if (at >= end || shift > 28) throw corruptKeywords("a posting list ends within a posting");
    const byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
    shift += 7;
  }
  cursor.at = at;
  return value >>> 0;
}

/** Moves to the next posting; past the last, `item` becomes {@link NO_ITEM}. */
export function nextPosting(cursor: PostingCursor): void {
  if (cursor.left === 0) {
    cursor.item = NO_ITEM;
    return;
  }
  if (cursor.blocked && cursor.blockLeft === 0) enterBlock(cursor);
  const value = readNumber(cursor);
  const item = cursor.item + (value >>> 1) + 1;
  if (item >= cursor.nItems) throw corruptKeywords(`a posting names item ${item} of ${cursor.nItems}`);
  cursor.item = item;
  cursor.units = value & 1 ? readNumber(cursor) + 2 : 1;
  cursor.left--;
  cursor.blockLeft--;
}

function enterBlock(cursor: PostingCursor): void {
  cursor.blockLast += readNumber(cursor) + 1;
  const length = readNumber(cursor);
  cursor.blockEnd = cursor.at + length;
  if (cursor.blockLast >= cursor.nItems || cursor.blockEnd > cursor.end) {
    throw corruptKeywords("a block of postings leaves its list");
  }
  cursor.blockLeft = Math.min(POSTINGS_PER_BLOCK, cursor.left);
}

/** Moves to the first posting at or behind `item`, passing over whole blocks without decoding them. */
export function seekPosting(cursor: PostingCursor, item: number): void {
  if (cursor.item >= item) return;
  if (cursor.blocked) {
    while (cursor.left > 0 && cursor.blockLast < item) {
      // The rest of this block lies below; the next one counts on from this one's last item.
      cursor.at = cursor.blockEnd;
      cursor.left -= Math.max(0, cursor.blockLeft);
      cursor.blockLeft = 0;
      if (cursor.blockLast >= 0) cursor.item = cursor.blockLast;
      if (cursor.left === 0) break;
      enterBlock(cursor);
    }
  }
  while (cursor.item < item) nextPosting(cursor);
}

/** Work of decoding a posting and looking at its item, in nanoseconds. */
export const POSTING_NS = 35;

/** Calls `visit` with each item of a word's list, ascending, and counts the work. @throws SearchError `TOO_MUCH_WORK` */
export function eachItem(
  index: KeywordIndex,
  entry: TermEntry,
  work: Work | undefined,
  visit: (item: number) => void,
): void {
  work?.spend("words", POSTING_NS * entry.documents);
  for (const cursor = openPostings(index, entry); cursor.item !== NO_ITEM; nextPosting(cursor)) {
    visit(cursor.item);
  }
}
