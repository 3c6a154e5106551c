import { ArtifactError } from "../../format/errors.ts";
import { jsonOf } from "../../format/json.ts";

/**
 * A static embedding table: one quantised row a known word, and one a bucket of hashed character n-grams. Views over
 * the caller's bytes, nothing copied. Layout, little-endian: `SEMB`; u32 length of the JSON that follows, padded with
 * blanks to 4; u32 FNV-1a hash of each word, ascending; f32 scale a word; f32 scale a bucket; codes of the words; codes
 * of the buckets. With 4 bits two codes share a byte, the low nibble first, each 8 too large.
 */
export interface StaticTable {
  readonly dimensions: number;
  readonly bits: 4 | 8;
  /** Shortest and longest n-gram, in characters. */
  readonly gram: readonly [number, number];
  /** FNV-1a of each word, ascending; the position is the row. */
  readonly hashes: Uint32Array;
  readonly wordScales: Float32Array;
  readonly bucketScales: Float32Array;
  readonly wordCodes: Uint8Array;
  readonly bucketCodes: Uint8Array;
  /** First row whose hash has at least these top 12 bits, 4,097 entries: narrows a look-up to a dozen rows. */
  readonly index: Uint32Array;
}

const MAGIC = [0x53, 0x45, 0x4d, 0x42] as const;
const VERSION = 1;
const HEAD_BYTES = 8;
const MAX_HEADER_BYTES = 4096;
const MAX_ROWS = 1 << 24;
const MAX_DIMENSIONS = 4096;
const MAX_GRAM = 16;
const INDEX_BITS = 12;

interface TableHeader {
  readonly version: number;
  readonly dim: number;
  readonly words: number;
  readonly buckets: number;
  readonly bits: 4 | 8;
  readonly gram: readonly [number, number];
}

/**
 * Opens a table over `bytes`, trusting none of them. O(rows), no copy when the bytes are 4-byte aligned.
 *
 * @throws ArtifactError `CORRUPT_EMBEDDER`
 */
export function openStaticTable(source: Uint8Array): StaticTable {
  const bytes = source.byteOffset % 4 === 0 ? source : source.slice();
  if (bytes.byteLength < HEAD_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw corrupt("it does not begin with SEMB");
  }
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  if (headerBytes % 4 !== 0 || headerBytes > MAX_HEADER_BYTES) {
    throw corrupt(`its header claims ${headerBytes} bytes`);
  }
  if (HEAD_BYTES + headerBytes > bytes.byteLength) throw corrupt("it ends within its header");
  const header = readHeader(bytes.subarray(HEAD_BYTES, HEAD_BYTES + headerBytes));
  const { dim, words, buckets, bits } = header;
  const row = (dim * bits) / 8;
  let at = HEAD_BYTES + headerBytes;
  const expected = at + 8 * words + 4 * buckets + row * (words + buckets);
  if (bytes.byteLength !== expected) {
    throw corrupt(
      `it has ${bytes.byteLength} bytes; ${words} words and ${buckets} n-gram buckets of ${dim} dimensions take ${expected}`,
    );
  }
  const take = (length: number): number => {
    const start = bytes.byteOffset + at;
    at += length;
    return start;
  };
  const hashes = new Uint32Array(bytes.buffer, take(4 * words), words);
  const wordScales = new Float32Array(bytes.buffer, take(4 * words), words);
  const bucketScales = new Float32Array(bytes.buffer, take(4 * buckets), buckets);
  const wordCodes = new Uint8Array(bytes.buffer, take(row * words), row * words);
  const bucketCodes = new Uint8Array(bytes.buffer, take(row * buckets), row * buckets);
  if (!(wordScales.every(Number.isFinite) && bucketScales.every(Number.isFinite))) {
    throw corrupt("a row's scale is not a finite number");
  }
  return {
    dimensions: dim,
    bits,
    gram: header.gram,
    hashes,
    wordScales,
    bucketScales,
    wordCodes,
    bucketCodes,
    index: indexHashes(hashes),
  };
}

/** The row of the word with this hash, -1 when there is none. */
export function findRow(table: StaticTable, hash: number): number {
  const { hashes, index } = table;
  const bucket = hash >>> (32 - INDEX_BITS);
  let low = index[bucket]!;
  let high = index[bucket + 1]! - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const value = hashes[middle]!;
    if (value < hash) low = middle + 1;
    else if (value > hash) high = middle - 1;
    else return middle;
  }
  return -1;
}

/** Adds `weight` times a row to `sum`. */
export function addRow(codes: Uint8Array, bits: 4 | 8, row: number, weight: number, sum: Float64Array): void {
  const dimensions = sum.length;
  if (bits === 4) {
    let at = (row * dimensions) >>> 1;
    for (let i = 0; i < dimensions; i += 2) {
      const pair = codes[at++]!;
      sum[i]! += ((pair & 15) - 8) * weight;
      sum[i + 1]! += ((pair >>> 4) - 8) * weight;
    }
  } else {
    let at = row * dimensions;
    for (let i = 0; i < dimensions; i++) sum[i]! += ((codes[at++]! << 24) >> 24) * weight;
  }
}

function readHeader(bytes: Uint8Array): TableHeader {
  const header = jsonOf(bytes, (cause) => corrupt("its header is not JSON", cause));
  if (typeof header !== "object" || header === null) throw corrupt("its header is not a JSON object");
  const { version, dim, words, buckets, bits, gram } = header as Record<string, unknown>;
  if (version !== VERSION) throw corrupt(`it has version ${String(version)}, not ${VERSION}`);
  if (bits !== 4 && bits !== 8) throw corrupt(`it claims codes of ${String(bits)} bits`);
  if (!isCount(dim, 1, MAX_DIMENSIONS) || (bits === 4 && dim % 2 !== 0)) {
    throw corrupt(`it claims ${String(dim)} dimensions`);
  }
  if (!isCount(words, 0, MAX_ROWS)) throw corrupt(`it claims ${String(words)} words`);
  if (!isCount(buckets, 1, MAX_ROWS)) throw corrupt(`it claims ${String(buckets)} n-gram buckets`);
  if (!Array.isArray(gram) || gram.length !== 2) throw corrupt("it does not say how long its n-grams are");
  const [shortest, longest] = gram as unknown[];
  if (!isCount(shortest, 1, MAX_GRAM) || !isCount(longest, shortest, MAX_GRAM)) {
    throw corrupt(`it claims n-grams of ${String(shortest)} to ${String(longest)} characters`);
  }
  return { version, dim, words, buckets, bits, gram: [shortest, longest] };
}

function isCount(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}

function indexHashes(hashes: Uint32Array): Uint32Array {
  const index = new Uint32Array((1 << INDEX_BITS) + 1);
  let previous = -1;
  for (let row = 0; row < hashes.length; row++) {
    const hash = hashes[row]!;
    if (hash <= previous) throw corrupt(`the hash of row ${row} is not above that of the row before`);
    previous = hash;
    index[(hash >>> (32 - INDEX_BITS)) + 1]!++;
  }
  for (let i = 1; i < index.length; i++) index[i]! += index[i - 1]!;
  return index;
}

function corrupt(what: string, cause?: unknown): ArtifactError {
  return new ArtifactError("CORRUPT_EMBEDDER", `The static embedding table is damaged: ${what}.`, { cause });
}
