import {
  createCursor,
  cursorText,
  type Dictionary,
  moveTo,
  nextTerm,
  skipPrefix,
  type TermCursor,
} from "./dictionary.ts";
import { MAX_TERM_BYTES } from "./layout.ts";

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
 * and a beginning that cannot come near enough is skipped with all that follow from it. With `prefix`, a word whose
 * beginning is near enough counts, too.
 */
export function findFuzzy(
  dictionary: Dictionary,
  word: string,
  maxEdits: number,
  options: { readonly prefix?: boolean; readonly limit?: number } = {},
): FuzzyMatch[] {
  const target = Uint32Array.from(word, (letter) => letter.codePointAt(0)!);
  const width = target.length + 1;
  const rows = new Uint8Array((MAX_TERM_BYTES + 1) * width);
  for (let j = 0; j < width; j++) rows[j] = Math.min(j, 255);
  const letters = new Uint32Array(MAX_TERM_BYTES);
  /** Bytes up to and with letter i. */
  const ends = new Uint16Array(MAX_TERM_BYTES + 1);
  /** Smallest last cell of the rows so far: the nearest beginning of the word. */
  const nearest = new Uint8Array(MAX_TERM_BYTES + 1);
  nearest[0] = Math.min(target.length, 255);
  const limit = options.limit ?? 1000;

  const found: FuzzyMatch[] = [];
  const cursor = createCursor(dictionary);
  let known = 0;
  let alive = moveTo(cursor, dictionary.nStems);
  while (alive && found.length < limit) {
    // Letters that the word shares with the one before it keep their rows.
    let count = 0;
    while (count < known && ends[count + 1]! <= cursor.shared) count++;
    let dead = -1;
    while (ends[count]! < cursor.length) {
      const i = count + 1;
      ends[i] = readLetter(cursor, ends[count]!, letters, count);
      count = i;
      const smallest = fillRow(rows, width, i, letters, target);
      nearest[i] = Math.min(nearest[i - 1]!, rows[i * width + width - 1]!);
      const hopeless = smallest > maxEdits && !(options.prefix && nearest[i]! <= maxEdits);
      if (hopeless) {
        dead = i;
        break;
      }
    }
    known = count;
    if (dead >= 0) {
      alive = skipPrefix(cursor, ends[dead]!);
      // Only the letters before the dead one are sure to be shared.
      known = dead - 1;
      continue;
    }
    const distance = options.prefix ? nearest[count]! : rows[count * width + width - 1]!;
    if (distance <= maxEdits) found.push({ term: cursor.term, text: cursorText(cursor), distance });
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

/** Row i of the table of optimal string alignment; returns its smallest cell. */
function fillRow(
  rows: Uint8Array,
  width: number,
  i: number,
  letters: Uint32Array,
  target: Uint32Array,
): number {
  const row = i * width;
  const above = row - width;
  const letter = letters[i - 1]!;
  let smallest = Math.min(i, 255);
  rows[row] = smallest;
  for (let j = 1; j < width; j++) {
    const same = target[j - 1] === letter;
    let cost = rows[above + j - 1]! + (same ? 0 : 1);
    cost = Math.min(cost, rows[above + j]! + 1, rows[row + j - 1]! + 1);
    if (!same && i > 1 && j > 1 && target[j - 2] === letter && letters[i - 2] === target[j - 1]) {
      cost = Math.min(cost, rows[above - width + j - 2]! + 1);
    }
    rows[row + j] = cost;
    if (cost < smallest) smallest = cost;
  }
  return smallest;
}
