/**
 * Inner loops over stored coordinates: O(dimensions) each, no allocation. Four accumulators break the chain of dependent
 * additions. One function a kind of array: V8 keeps each monomorphic.
 */

export function dotFloat(values: Float32Array, at: number, q: Float32Array): number {
  const length = q.length;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    a += values[at + i]! * q[i]!;
    b += values[at + i + 1]! * q[i + 1]!;
    c += values[at + i + 2]! * q[i + 2]!;
    d += values[at + i + 3]! * q[i + 3]!;
  }
  for (; i < length; i++) a += values[at + i]! * q[i]!;
  return a + b + c + d;
}

export function dotByte(codes: Int8Array, at: number, q: Float32Array): number {
  const length = q.length;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    a += codes[at + i]! * q[i]!;
    b += codes[at + i + 1]! * q[i + 1]!;
    c += codes[at + i + 2]! * q[i + 2]!;
    d += codes[at + i + 3]! * q[i + 3]!;
  }
  for (; i < length; i++) a += codes[at + i]! * q[i]!;
  return a + b + c + d;
}

export function dotNibble(codes: Uint8Array, at: number, q: Float32Array): number {
  const length = q.length;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  let p = at;
  for (; i + 4 <= length; i += 4, p += 2) {
    const first = codes[p]!;
    const second = codes[p + 1]!;
    a += (first & 15) * q[i]!;
    b += (first >>> 4) * q[i + 1]!;
    c += (second & 15) * q[i + 2]!;
    d += (second >>> 4) * q[i + 3]!;
  }
  for (; i < length; i++) a += ((codes[p + ((i & 3) >>> 1)]! >>> ((i & 1) << 2)) & 15) * q[i]!;
  return a + b + c + d;
}

export function squares(
  values: Float32Array | Int8Array,
  at: number,
  q: Float32Array,
  scale: number,
): number {
  let sum = 0;
  for (let i = 0; i < q.length; i++) {
    const difference = values[at + i]! * scale - q[i]!;
    sum += difference * difference;
  }
  return sum;
}

export function taxicab(
  values: Float32Array | Int8Array,
  at: number,
  q: Float32Array,
  scale: number,
): number {
  let sum = 0;
  for (let i = 0; i < q.length; i++) sum += Math.abs(values[at + i]! * scale - q[i]!);
  return sum;
}

/** Set bits of a 32-bit word (Warren, Hacker's Delight, 5-1). */
export function popcount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Turns signed bytes into unsigned ones, 128 more each. */
const SIGNS = 0x8080_8080 | 0;
const EVEN_BYTES = 0x00ff_00ff;
const EVEN_OFFSETS = 0x0080_0080;

/**
 * The product of a query in small integers ({@link PairedQuery}) with a row of codes, two coordinates a multiplication:
 * (s + 2^16 t) (v + 2^16 u), modulo 2^32, has s u + t v in its upper half (one less when s v is negative: an error far
 * below that of the codes). Twice the speed of a multiplication a coordinate. Rows begin at multiples of four bytes, so
 * dimensions must be a multiple of four.
 */
export function dotPairs(words: Int32Array, at: number, packed: Int32Array): number {
  const length = packed.length;
  let a = 0;
  let b = 0;
  for (let i = 0, w = at; i < length; i += 2, w++) {
    const codes = words[w]! ^ SIGNS;
    a = (a + (Math.imul((codes & EVEN_BYTES) - EVEN_OFFSETS, packed[i]!) >> 16)) | 0;
    b = (b + (Math.imul(((codes >>> 8) & EVEN_BYTES) - EVEN_OFFSETS, packed[i + 1]!) >> 16)) | 0;
  }
  return (a + b) | 0;
}

/**
 * {@link dotPairs} of two rows, into `out`: the query is read once for both, which saves a tenth to a fifth.
 *
 * @param out two numbers
 */
export function dotPairsOfTwo(
  words: Int32Array,
  first: number,
  second: number,
  packed: Int32Array,
  out: Int32Array,
): void {
  const length = packed.length;
  let a = 0;
  let b = 0;
  for (let i = 0, v = first, w = second; i < length; i += 2, v++, w++) {
    const one = words[v]! ^ SIGNS;
    const two = words[w]! ^ SIGNS;
    const even = packed[i]!;
    const odd = packed[i + 1]!;
    a = (a + (Math.imul((one & EVEN_BYTES) - EVEN_OFFSETS, even) >> 16)) | 0;
    a = (a + (Math.imul(((one >>> 8) & EVEN_BYTES) - EVEN_OFFSETS, odd) >> 16)) | 0;
    b = (b + (Math.imul((two & EVEN_BYTES) - EVEN_OFFSETS, even) >> 16)) | 0;
    b = (b + (Math.imul(((two >>> 8) & EVEN_BYTES) - EVEN_OFFSETS, odd) >> 16)) | 0;
  }
  out[0] = a;
  out[1] = b;
}
