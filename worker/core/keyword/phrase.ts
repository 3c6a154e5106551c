import { corruptKeywords } from "../format/keyword.ts";
import type { Work } from "../format/work.ts";
import { encodeTerm, findTerm, readEntry, type TermEntry } from "./dictionary.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { NO_ITEM, nextPosting, openPostings, type PostingCursor, seekPosting } from "./postings.ts";

/** A word of a phrase: its postings and, behind them at its own pace, its positions. */
interface PhraseCursor {
  readonly postings: PostingCursor;
  readonly entry: TermEntry;
  /** Index of the posting whose positions begin at `at`. */
  posting: number;
  at: number;
}

/** Positions in one document; grows when a document has more than any before it, and is used again for the next. */
interface PositionList {
  at: Uint32Array;
  length: number;
}

/**
 * Items that hold all words of the phrase, ascending; one after the other when the index has positions, anywhere when
 * it has not (the caller then looks into the documents).
 *
 * @throws SearchError `TOO_MUCH_WORK`
 */
export function phraseItems(index: KeywordIndex, phrase: readonly string[], work?: Work): number[] {
  const cursors: PhraseCursor[] = [];
  for (const term of phrase) {
    const number = findTerm(index.dictionary, encodeTerm(term));
    const entry = number < 0 ? undefined : readEntry(index.dictionary, number);
    if (!entry || entry.documents === 0) return [];
    cursors.push({ postings: openPostings(index, entry), entry, posting: 0, at: entry.positionsStart });
  }
  const found: number[] = [];
  if (cursors.length === 0) return found;
  const { positions } = index;
  for (const { entry } of cursors) {
    if (positions && entry.positionsEnd > positions.length) {
      throw corruptKeywords(`the positions of term ${entry.term} leave their section`);
    }
  }
  const starts: PositionList = { at: new Uint32Array(64), length: 0 };
  const others: PositionList = { at: new Uint32Array(64), length: 0 };
  const byRarity = [...cursors].sort((x, y) => x.entry.documents - y.entry.documents);
  const rarest = byRarity[0]!.postings;
  const count = counter(cursors, work);
  count(1);
  let steps = 0;
  while (rarest.item !== NO_ITEM) {
    if (++steps % STEPS === 0) count(STEPS);
    let item = rarest.item;
    for (const { postings } of byRarity) {
      seekPosting(postings, item);
      if (postings.item !== item) {
        item = postings.item;
        break;
      }
    }
    if (item !== rarest.item) {
      seekPosting(rarest, item);
      continue;
    }
    if (!positions || cursors.length === 1 || inOrder(positions, cursors, starts, others)) found.push(item);
    nextPosting(rarest);
  }
  count(steps % STEPS);
  return found;
}

/** Items that are tried before their work is counted. */
const STEPS = 512;
/** Work in nanoseconds: to seek an item in a list, to pass over a byte of positions. */
const SEEK_NS = 60;
const POSITION_NS = 5;

/** Counts the work of a number of items, and of the positions that were read since the last count. */
function counter(cursors: readonly PhraseCursor[], work: Work | undefined): (steps: number) => void {
  if (!work) return () => {};
  let counted = 0;
  return (steps) => {
    const read = cursors.reduce((sum, { at, entry }) => sum + at - entry.positionsStart, 0);
    work.done("phrases", steps * cursors.length * SEEK_NS + (read - counted) * POSITION_NS);
    counted = read;
  };
}

/** Whether the words follow one another in the item that all cursors stand on. The two lists are scratch. */
function inOrder(
  bytes: Uint8Array,
  cursors: readonly PhraseCursor[],
  starts: PositionList,
  positions: PositionList,
): boolean {
  readPositions(bytes, cursors[0]!, starts);
  for (let i = 1; i < cursors.length; i++) {
    readPositions(bytes, cursors[i]!, positions);
    // Both ascend: keep the starts that have this word i places further on.
    let kept = 0;
    let p = 0;
    for (let s = 0; s < starts.length && p < positions.length; ) {
      const start = starts.at[s]!;
      const ahead = positions.at[p]! - i - start;
      if (ahead === 0) starts.at[kept++] = start;
      if (ahead >= 0) s++;
      if (ahead <= 0) p++;
    }
    if (kept === 0) return false;
    starts.length = kept;
  }
  return true;
}

/** Puts the positions of the word in the current item into `out`, ascending. */
function readPositions(bytes: Uint8Array, cursor: PhraseCursor, out: PositionList): void {
  const { entry, postings } = cursor;
  const wanted = entry.documents - postings.left - 1;
  out.length = 0;
  let previous = 0;
  const end = entry.positionsEnd;
  let { at, posting } = cursor;
  while (posting <= wanted) {
    let byte = at < end ? bytes[at++]! : 0x80;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (at >= end || shift > 28) throw corruptKeywords("positions end within a number");
      byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
    }
    if (posting === wanted) {
      previous += value >>> 1;
      if (out.length === out.at.length) grow(out);
      out.at[out.length++] = previous;
    }
    // An odd number is the last one of its posting.
    posting += value & 1;
  }
  cursor.at = at;
  cursor.posting = posting;
}

function grow(list: PositionList): void {
  const longer = new Uint32Array(list.at.length * 2);
  longer.set(list.at);
  list.at = longer;
}
