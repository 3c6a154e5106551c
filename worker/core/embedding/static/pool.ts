import { addRow, findRow, type StaticTable } from "./table.ts";
import { EMPTY_HASH, hashByte, hashText, rowOfStem, rowOfWord, rowOfWordOrStem } from "./words.ts";

/** A table with the scratch that synchronous calls share. */
export interface StaticPooler {
  readonly table: StaticTable;
  /** Weighted sum of rows, in double precision so that the order of long texts does not show. */
  readonly sum: Float64Array;
  /** Count of each n-gram bucket in a long token; made when first needed. */
  counts?: Uint32Array;
}

export function createPooler(table: StaticTable): StaticPooler {
  return { table, sum: new Float64Array(table.dimensions) };
}

const MARKS = /\p{M}+/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII, control characters too
const NOT_ASCII = /[^\x00-\x7f]/;
const CAMEL = /(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/;
const PRONOUN_ENDING = /'(?:ll|re|ve|d|m)$/;
const DIGITS = /^\d+$/;
/** Tokens longer than this count their n-grams before adding rows: at most one addition a bucket. */
const LONG_TOKEN = 256;

/**
 * Embeds `text` into `out` (`table.dimensions` long): the weighted rows of its tokens summed, then scaled to unit
 * length; all zeros when nothing in the text is known. Linear in the text; allocates only for words that the table
 * does not hold as they stand.
 */
export function poolInto(pooler: StaticPooler, text: string, out: Float32Array): void {
  const { sum, table } = pooler;
  sum.fill(0);
  const plain = toPlainText(text);
  const length = plain.length;
  let at = 0;
  while (at < length) {
    let code = plain.charCodeAt(at);
    if (!isAlphanumeric(code)) {
      at++;
      continue;
    }
    const start = at;
    let hash = EMPTY_HASH;
    let apostrophe = false;
    for (;;) {
      hash = hashByte(hash, code >= 65 && code <= 90 ? code + 32 : code);
      if (++at >= length) break;
      code = plain.charCodeAt(at);
      if (isAlphanumeric(code)) continue;
      const joins = code === 0x2d || code === 0x27 || code === 0x2019;
      if (!joins || at + 1 >= length || !isAlphanumeric(plain.charCodeAt(at + 1))) break;
      if (code !== 0x2d) apostrophe = true;
    }
    const row = apostrophe ? -1 : findRow(table, hash >>> 0);
    if (row >= 0) addWord(pooler, row, 1);
    else poolToken(pooler, plain.slice(start, at), apostrophe);
  }
  writeUnit(sum, out);
}

/**
 * Compatibility-decomposed, without marks. Marks go before decomposing too: putting a long run of them in canonical
 * order takes quadratic time (7 s for 160,000), and every mark decomposes to marks alone, so the outcome is the same.
 */
function toPlainText(text: string): string {
  if (!NOT_ASCII.test(text)) return text;
  return text.replace(MARKS, "").normalize("NFKD").replace(MARKS, "");
}

function isAlphanumeric(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90);
}

/** A token whose lower-case form is not a row, or that has an apostrophe. */
function poolToken(pooler: StaticPooler, token: string, apostrophe: boolean): void {
  const { table } = pooler;
  let raw = token;
  let word = token.toLowerCase();
  if (apostrophe) {
    raw = raw.replaceAll("’", "'");
    word = word.replaceAll("’", "'");
    if (word.endsWith("n't")) word = "not";
    else if (word === "i'm" || PRONOUN_ENDING.test(word)) word = word.slice(0, word.indexOf("'"));
    else if (word.endsWith("'s")) {
      word = word.slice(0, -2);
      raw = raw.slice(0, -2);
    }
    const row = rowOfWord(table, word);
    if (row >= 0) {
      addWord(pooler, row, 1);
      return;
    }
  }
  if (poolCamelCase(pooler, raw)) return;
  if (word.includes("-") || word.includes("'")) {
    let known = false;
    for (const part of word.split(/[-']/)) {
      const row = part.length > 1 ? rowOfWordOrStem(table, part) : -1;
      if (row < 0) continue;
      addWord(pooler, row, 1);
      known = true;
    }
    if (known) return;
  } else {
    const row = rowOfStem(table, word);
    if (row >= 0) {
      addWord(pooler, row, 1);
      return;
    }
  }
  if (word.length > 2 && !DIGITS.test(word)) poolGrams(pooler, `<${word}>`);
}

/** Known parts of a camelCase token share the weight of one and a half words. */
function poolCamelCase(pooler: StaticPooler, raw: string): boolean {
  if (raw === raw.toLowerCase() || raw === raw.toUpperCase()) return false;
  const parts = raw.split(CAMEL);
  if (parts.length < 2) return false;
  const rows: number[] = [];
  for (const part of parts) {
    const row = rowOfWordOrStem(pooler.table, part.toLowerCase());
    if (row >= 0) rows.push(row);
  }
  for (const row of rows) addWord(pooler, row, 1.5 / rows.length);
  return rows.length > 0;
}

/** The mean of the rows of a word's hashed character n-grams. */
function poolGrams(pooler: StaticPooler, word: string): void {
  const { table, sum } = pooler;
  const [shortest, longest] = table.gram;
  const buckets = table.bucketScales.length;
  let total = 0;
  for (let n = shortest; n <= longest; n++) total += Math.max(0, word.length - n + 1);
  if (total === 0) return;
  if (word.length <= LONG_TOKEN) {
    for (let n = shortest; n <= longest; n++) {
      for (let i = 0; i + n <= word.length; i++) {
        const bucket = hashText(word, i, i + n) % buckets;
        addRow(table.bucketCodes, table.bits, bucket, table.bucketScales[bucket]! / total, sum);
      }
    }
    return;
  }
  pooler.counts ??= new Uint32Array(buckets);
  const counts = pooler.counts.fill(0);
  for (let n = shortest; n <= longest; n++) {
    for (let i = 0; i + n <= word.length; i++) counts[hashText(word, i, i + n) % buckets]!++;
  }
  for (let bucket = 0; bucket < buckets; bucket++) {
    const count = counts[bucket]!;
    if (count > 0) {
      const weight = (count * table.bucketScales[bucket]!) / total;
      addRow(table.bucketCodes, table.bits, bucket, weight, sum);
    }
  }
}

function addWord(pooler: StaticPooler, row: number, weight: number): void {
  const { table } = pooler;
  addRow(table.wordCodes, table.bits, row, table.wordScales[row]! * weight, pooler.sum);
}

/** Writes `sum` scaled to unit length; zeros stay zeros. */
function writeUnit(sum: Float64Array, out: Float32Array): void {
  let square = 0;
  for (let i = 0; i < sum.length; i++) square += sum[i]! * sum[i]!;
  const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
  for (let i = 0; i < sum.length; i++) out[i] = sum[i]! * scale;
}
