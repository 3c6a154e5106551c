import { encodeTerm, findTerm, readEntry, type TermEntry } from "./dictionary.ts";
import { corruptKeywords } from "./layout.ts";
import type { KeywordIndex } from "./open.ts";
import { NO_ITEM, nextPosting, openPostings, type PostingCursor, seekPosting } from "./postings.ts";

/** A word of a phrase: its postings and, behind them at its own pace, its positions. */
interface PhraseCursor {
  readonly postings: PostingCursor;
  readonly entry: TermEntry;
  /** Index of the posting whose positions begin at `at`. */
  posting: number;
  at: number;
}

/**
 * Items that hold all words of the phrase, ascending; one after the other when the index has positions, anywhere when
 * it has not (the caller then looks into the documents).
 */
export function phraseItems(index: KeywordIndex, phrase: readonly string[]): number[] {
  const cursors: PhraseCursor[] = [];
  for (const term of phrase) {
    const number = findTerm(index.dictionary, encodeTerm(term));
    const entry = number < 0 ? undefined : readEntry(index.dictionary, number);
    if (!entry || entry.documents === 0) return [];
    cursors.push({ postings: openPostings(index, entry), entry, posting: 0, at: entry.positionsStart });
  }
  const found: number[] = [];
  if (cursors.length === 0) return found;
  const byRarity = [...cursors].sort((x, y) => x.entry.documents - y.entry.documents);
  const rarest = byRarity[0]!.postings;
  while (rarest.item !== NO_ITEM) {
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
    if (!index.positions || cursors.length === 1 || inOrder(index.positions, cursors)) found.push(item);
    nextPosting(rarest);
  }
  return found;
}

/** Whether the words follow one another in the item that all cursors stand on. */
function inOrder(bytes: Uint8Array, cursors: readonly PhraseCursor[]): boolean {
  let starts: number[] | undefined;
  for (const [i, cursor] of cursors.entries()) {
    const positions = readPositions(bytes, cursor);
    if (!starts) {
      starts = positions;
      continue;
    }
    const here = new Set(positions);
    starts = starts.filter((start) => here.has(start + i));
    if (starts.length === 0) return false;
  }
  return true;
}

/** Positions of the word in the current item, ascending. */
function readPositions(bytes: Uint8Array, cursor: PhraseCursor): number[] {
  const { entry, postings } = cursor;
  if (entry.positionsEnd > bytes.length)
    throw corruptKeywords(`the positions of term ${entry.term} leave their section`);
  const wanted = entry.documents - postings.left - 1;
  const positions: number[] = [];
  let previous = 0;
  while (cursor.posting <= wanted) {
    let value = 0;
    let shift = 0;
    let byte: number;
    do {
      if (cursor.at >= entry.positionsEnd || shift > 28)
        throw corruptKeywords("positions end within a number");
      byte = bytes[cursor.at++]!;
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    if (cursor.posting === wanted) {
      previous += value >>> 1;
      positions.push(previous);
    }
    // An odd number is the last one of its posting.
    if (value & 1) cursor.posting++;
  }
  return positions;
}
