import { findRow, type StaticTable } from "./table.ts";

/**
 * Lookup of a token's row: FNV-1a of its lower-case letters, and what is tried when the word itself is unknown. The
 * order of the rules is part of the embedder's definition; a change needs a newly trained table.
 */

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** One more byte into an FNV-1a hash; start from {@link EMPTY_HASH}, and take `>>> 0` at the end. */
export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, FNV_PRIME);
}
export const EMPTY_HASH = FNV_OFFSET;

/** FNV-1a of `text[start, end)`, 32 bits, unsigned. Tokens are ASCII, so a char code is a byte. */
export function hashText(text: string, start = 0, end = text.length): number {
  let hash = EMPTY_HASH;
  for (let i = start; i < end; i++) hash = hashByte(hash, text.charCodeAt(i));
  return hash >>> 0;
}

/** Endings tried in this order: what goes, and what comes instead. */
const SUFFIXES: readonly (readonly [string, string])[] = [
  ["ies", "y"],
  ["es", ""],
  ["s", ""],
  ["ing", ""],
  ["ing", "e"],
  ["ed", ""],
  ["ed", "e"],
  ["er", ""],
  ["er", "e"],
  ["ers", ""],
  ["ers", "e"],
  ["ly", ""],
  ["ness", ""],
  ["able", ""],
  ["able", "e"],
  ["ization", "ize"],
  ["isation", "ise"],
  ["ations", "ate"],
  ["ation", "ate"],
  ["ation", "e"],
  ["izing", "ize"],
  ["ability", "able"],
  ["ful", ""],
  ["less", ""],
];
const PREFIXES = ["un", "re", "non", "pre", "sub", "multi", "auto", "over", "anti", "inter"] as const;

/** The row of a lower-case word, -1 when unknown. */
export function rowOfWord(table: StaticTable, word: string): number {
  return findRow(table, hashText(word));
}

/** The row of the first known stem of a lower-case word: endings first, then prefixes; -1 when none is known. */
export function rowOfStem(table: StaticTable, word: string): number {
  for (const [ending, replacement] of SUFFIXES) {
    if (word.length - ending.length < 3 || !word.endsWith(ending)) continue;
    const stem = word.slice(0, word.length - ending.length) + replacement;
    const row = rowOfWord(table, stem);
    if (row >= 0) return row;
    const last = stem.length - 1;
    // "running": the doubled letter goes too.
    if (replacement === "" && stem.length > 3 && stem[last] === stem[last - 1]) {
      const undoubled = findRow(table, hashText(stem, 0, last));
      if (undoubled >= 0) return undoubled;
    }
  }
  for (const prefix of PREFIXES) {
    if (word.length - prefix.length < 4 || !word.startsWith(prefix)) continue;
    const row = findRow(table, hashText(word, prefix.length));
    if (row >= 0) return row;
  }
  return -1;
}

/** The row of a lower-case word or of its stem, -1 when neither is known. */
export function rowOfWordOrStem(table: StaticTable, word: string): number {
  const row = rowOfWord(table, word);
  return row >= 0 ? row : rowOfStem(table, word);
}
