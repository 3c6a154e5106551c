/**
 * A pseudo-random rotation of `bits` dimensions in O(bits log bits): three rounds of random sign flips, fast Hadamard
 * transforms over blocks of a power of two, and a transposition that mixes the blocks (the structured rotations of
 * Ailon and Chazelle 2009, as RaBitQ uses them in place of a dense matrix). The same seed gives the same rotation on
 * every machine: signs are integers, and every float operation has one fixed order.
 */
export interface Rotation {
  readonly bits: number;
  readonly seed: number;
  /** Rotates `length` numbers of `source` from `at`, padded with zeros, into `out` (bits numbers). Lengths are kept. */
  forward(source: Float32Array, at: number, length: number, out: Float32Array): void;
  /** The inverse, in place. */
  inverse(values: Float32Array): void;
}

export const ROUNDS = 3;

export function createRotation(bits: number, seed: number): Rotation {
  const signs = randomSigns(bits * ROUNDS, seed);
  const block = bits & -bits;
  const blocks = bits / block;
  const norm = 1 / Math.sqrt(block);
  const spare = new Float32Array(bits);
  return {
    bits,
    seed,
    forward(source, at, length, out) {
      out.fill(0);
      for (let i = 0; i < length; i++) out[i] = source[at + i]!;
      for (let round = 0; round < ROUNDS; round++) {
        flip(out, signs, round * bits);
        for (let start = 0; start < bits; start += block) hadamard(out, start, block, norm);
        if (blocks > 1) transpose(out, spare, blocks, block);
      }
    },
    inverse(values) {
      for (let round = ROUNDS - 1; round >= 0; round--) {
        if (blocks > 1) transpose(values, spare, block, blocks);
        for (let start = 0; start < bits; start += block) hadamard(values, start, block, norm);
        flip(values, signs, round * bits);
      }
    },
  };
}

/** Bits of a full-length sketch: dimensions rounded up to whole 64-bit words, so that blocks stay reasonably long. */
export function fullSketchBits(dimensions: number): number {
  return Math.ceil(dimensions / 64) * 64;
}

function flip(values: Float32Array, signs: Float32Array, at: number): void {
  for (let i = 0; i < values.length; i++) values[i]! *= signs[at + i]!;
}

/**
 * The orthonormal fast Walsh-Hadamard transform of `size` (a power of two) numbers, in place; its own inverse. Two stages
 * at a time, which halves the loads and stores; every sum is rounded to float32 as if it had been stored in between.
 */
function hadamard(values: Float32Array, start: number, size: number, norm: number): void {
  const end = start + size;
  let half = 1;
  if ((31 - Math.clz32(size)) & 1) {
    for (let i = start; i < end; i += 2) {
      const a = values[i]!;
      const b = values[i + 1]!;
      values[i] = a + b;
      values[i + 1] = a - b;
    }
    half = 2;
  }
  for (; half < size; half <<= 2) {
    for (let i = start; i < end; i += half << 2) {
      for (let a = i, b = i + half, c = b + half, d = c + half; a < i + half; a++, b++, c++, d++) {
        const sum = Math.fround(values[a]! + values[b]!);
        const difference = Math.fround(values[a]! - values[b]!);
        const otherSum = Math.fround(values[c]! + values[d]!);
        const otherDifference = Math.fround(values[c]! - values[d]!);
        values[a] = sum + otherSum;
        values[b] = difference + otherDifference;
        values[c] = sum - otherSum;
        values[d] = difference - otherDifference;
      }
    }
  }
  for (let i = start; i < end; i++) values[i]! *= norm;
}

function transpose(values: Float32Array, spare: Float32Array, rows: number, columns: number): void {
  spare.set(values);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) values[c * rows + r] = spare[r * columns + c]!;
  }
}

/** A seeded stream of 32-bit integers: splitmix32, a finaliser over a counter. The same on every machine. */
export function splitMix(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
}

/** +1 or -1, one draw of {@link splitMix} a sign. */
export function randomSigns(count: number, seed: number): Float32Array {
  const next = splitMix(seed);
  return Float32Array.from({ length: count }, () => (next() & 1 ? 1 : -1));
}
