// biome-ignore-all lint/complexity/useMaxParams: inner loops take numbers: an object for each call would be allocated.
import {
  createCursor,
  cursorText,
  type Dictionary,
  isStem,
  moveTo,
  nextTerm,
  seekTerm,
  skipPrefix,
  startsWith,
  type TermCursor,
} from "./cursor.ts";
import { encodeTerm } from "./dictionary.ts";

/** More edits than anyone asks for; a row's cells stay below 256. */
const FAR = 200;

/** A word of the index that is near a misspelled one. */
export interface FuzzyMatch {
  readonly term: number;
  readonly text: string;
  /** Letters put in, left out, replaced, or swapped with their neighbour. */
  readonly distance: number;
}

/**
 * Words of the dictionary within `maxEdits` edits of `word` (insertion, deletion, substitution, transposition of
 * neighbours). Walks the sorted words with one row of the edit table a letter: rows of a shared beginning are kept,
 * and a beginning that cannot come near enough is skipped with all that follow from it. With `sameFirst` the first letter
 * must be right, which leaves a tenth of the words to walk.
 */
export function findFuzzy(
  dictionary: Dictionary,
  word: string,
  maxEdits: number,
  sameFirst = false,
): FuzzyMatch[] {
  const target = Uint32Array.from(word, (letter) => letter.codePointAt(0)!);
  const width = target.length + 1;
  const most = target.length + maxEdits;
  // Rows and letters are counted from 1; a word with more letters than these is never read to its end.
  const rows = new Uint8Array((most + 2) * width);
  for (let j = 0; j < width; j++) rows[j] = Math.min(j, FAR);
  const letters = new Uint32Array(most + 2);
  /** Bytes up to and with letter i. */
  const ends = new Uint16Array(most + 2);

  const found: FuzzyMatch[] = [];
  const cursor = createCursor(dictionary);
  let known = 0;
  const first = encodeTerm(sameFirst ? String.fromCodePoint(target[0] ?? 0) : "");
  let alive = sameFirst ? seekTerm(cursor, first) : moveTo(cursor, 0);
  while (alive && startsWith(cursor, first)) {
    // Letters that the word shares with the one before it keep their rows.
    let count = 0;
    while (count < known && ends[count + 1]! <= cursor.shared) count++;
    let dead = false;
    while (!dead && ends[count]! < cursor.length) {
      count++;
      ends[count] = readLetter(cursor, ends[count - 1]!, letters, count);
      dead = count > most || fillRow(rows, width, count, letters, target, maxEdits) > maxEdits;
    }
    if (dead) {
      // Only the letters before the dead one are sure to be shared by the next word.
      known = count - 1;
      alive = skipPrefix(cursor, ends[count]!);
      continue;
    }
    known = count;
    const distance = count + maxEdits < target.length ? FAR : rows[count * width + width - 1]!;
    if (distance <= maxEdits && !isStem(cursor)) {
      found.push({ term: cursor.term, text: cursorText(cursor), distance });
    }
    alive = nextTerm(cursor);
  }
  return found;
}

/** Decodes the UTF-8 letter at `at` into `letters[index]`; returns where the next one begins. */
function readLetter(cursor: TermCursor, at: number, letters: Uint32Array, index: number): number {
  const { key, length } = cursor;
  const first = key[at]!;
  if (first < 0x80) {
    letters[index] = first;
    return at + 1;
  }
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  let value = first & (0xff >> (size + 1));
  for (let i = 1; i < size; i++) value = (value << 6) | ((key[at + i] ?? 0) & 0x3f);
  letters[index] = value;
  return Math.min(at + size, length);
}

/**
 * Row i of the table of optimal string alignment; returns its smallest cell. Only the cells near the diagonal are
 * filled: the others are too far anyway.
 */
function fillRow(
  rows: Uint8Array,
  width: number,
  i: number,
  letters: Uint32Array,
  target: Uint32Array,
  maxEdits: number,
): number {
  const row = i * width;
  const above = row - width;
  const letter = letters[i]!;
  const first = Math.max(1, i - maxEdits);
  const last = Math.min(width - 1, i + maxEdits);
  // The cells beside the band, which its neighbours look at.
  rows[row + first - 1] = first === 1 ? Math.min(i, FAR) : FAR;
  if (last + 1 < width) rows[row + last + 1] = FAR;
  let smallest = rows[row + first - 1]!;
  for (let j = first; j <= last; j++) {
    const same = target[j - 1] === letter;
    let cost = rows[above + j - 1]! + (same ? 0 : 1);
    cost = Math.min(cost, rows[above + j]! + 1, rows[row + j - 1]! + 1);
    if (!same && i > 1 && j > 1 && target[j - 2] === letter && letters[i - 1] === target[j - 1]) {
      cost = Math.min(cost, rows[above - width + j - 2]! + 1);
    }
    rows[row + j] = cost;
    if (cost < smallest) smallest = cost;
  }
  return smallest;
}
