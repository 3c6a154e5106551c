// biome-ignore-all lint/complexity/useMaxParams: inner loops take numbers: an object for each call would be allocated.
import { type Artifact, requireView, sectionBytes } from "../../format/artifact.ts";
import { ArtifactError } from "../../format/errors.ts";
import { createRotation, fullSketchBits, type Rotation } from "./rotation.ts";

/**
 * 1-bit codes of residuals (RaBitQ: Gao and Long, SIGMOD 2024), scored by table look-ups at the query's full
 * precision. For item vector o in a leaf with centre c, r = o - c, s = signs of the rotated r:
 *
 *   <q, o> = <q, c> + <q, r>,   <q, r> is estimated by f (<q', s> - <c', s>) + <c, r>,   f = |r|^2 / |r'|_1
 *
 * The part that does not depend on the query, <c, r> - f <c', s> (and the metric's own constant), is one stored
 * offset; so an estimate is base + f S + offset, where S = <q', s> is summed from a table of 256 partial sums a byte.
 */
export interface Sketches {
  readonly bits: number;
  /** Words of one row: bits / 32 of code, then one with the factor (low half) and the offset (high half). */
  readonly stride: number;
  readonly rows: Int32Array;
  readonly rotation: Rotation;
  readonly factorStep: number;
  readonly offsetLow: number;
  readonly offsetStep: number;
  /** Most that a score may lie above its estimate, for a query of length 1 and a candidate of the mean factor. */
  readonly margin: number;
  /** The one point that all residuals are taken from, in forests of several trees; else each leaf's own centre. */
  readonly centre: Float32Array | undefined;
}

/** Numbers at the head of section `sketchFactors`: bits, factor step, offset low, offset step, margin. */
export const FACTORS = 5;
/** Slots that the mean factor is taken of, or somewhat more. */
const SAMPLED_SLOTS = 1024;
/** Place of the margin among them. */
export const MARGIN_AT = 4;

/** Opens the sketches of an artifact, or undefined when it has none (few dimensions, metric hamming). */
export function openSketches(artifact: Artifact): Sketches | undefined {
  if (!sectionBytes(artifact, "sketches")) return undefined;
  const { nSlots, nTrees, dimensions, seed } = artifact.header;
  const factors = requireView(
    artifact,
    "sketchFactors",
    Float32Array,
    nTrees > 1 ? FACTORS + dimensions : FACTORS,
  );
  const [bits, factorStep, offsetLow, offsetStep, margin] = factors as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (!(Number.isInteger(bits) && bits >= 32 && bits % 32 === 0 && bits <= fullSketchBits(dimensions))) {
    throw new ArtifactError("CORRUPT_FOREST", `Sketches of ${bits} bits for ${dimensions} dimensions.`);
  }
  if (!Number.isFinite(factorStep + offsetLow + offsetStep) || !(margin >= 0)) {
    throw new ArtifactError("CORRUPT_FOREST", "The sketches' factors are not numbers in their range.");
  }
  const stride = bits / 32 + 1;
  return {
    bits,
    stride,
    rows: requireView(artifact, "sketches", Int32Array, nSlots * stride),
    rotation: createRotation(fullSketchBits(dimensions), seed),
    factorStep,
    offsetLow,
    offsetStep,
    margin,
    centre: nTrees > 1 ? factors.subarray(FACTORS) : undefined,
  };
}

/** Sums of integers up to here, twice over, stay within 32 bits. */
const LARGEST_SUM = 2 ** 29;

/**
 * Fills `table` (bits / 8 x 256 numbers) with the partial sums of a rotated query, as integers: loads and additions of
 * those take V8 half the time of float32. 32 additions a dimension, sixteen of them at a time from sums kept at hand,
 * which takes half the time of a loop over what was written before.
 *
 * @returns what a sum is to be multiplied by; about a billionth of the largest that there can be
 */
export function fillTable(rotated: Float32Array, bits: number, table: Int32Array): number {
  let absolute = 0;
  for (let i = 0; i < bits; i++) absolute += Math.abs(rotated[i]!);
  const scale = absolute > 0 ? LARGEST_SUM / absolute : 0;
  const twice = (i: number) => (2 * Math.round(rotated[i]! * scale)) | 0;
  for (let i = 0; i < bits; i += 8) {
    let none = 0;
    for (let j = 0; j < 8; j++) none = (none - Math.round(rotated[i + j]! * scale)) | 0;
    HIGH[0] = none;
    for (let j = 0; j < 4; j++) {
      const half = 1 << j;
      const step = twice(i + 4 + j);
      for (let h = 0; h < half; h++) HIGH[half + h] = HIGH[h]! + step;
    }
    fillByte(table, i << 5, twice(i), twice(i + 1), twice(i + 2), twice(i + 3));
  }
  return scale > 0 ? 1 / scale : 0;
}

/** Sums over the upper four bits of a byte, by those bits. */
const HIGH = new Int32Array(16);

/** Writes the 256 sums of one byte: {@link HIGH}, and to each the sixteen sums of a subset of the lower four bits. */
function fillByte(table: Int32Array, from: number, a: number, b: number, c: number, d: number): void {
  const ab = (a + b) | 0;
  const ac = (a + c) | 0;
  const bc = (b + c) | 0;
  const abc = (ab + c) | 0;
  const ad = (a + d) | 0;
  const bd = (b + d) | 0;
  const abd = (ab + d) | 0;
  const cd = (c + d) | 0;
  const acd = (ac + d) | 0;
  const bcd = (bc + d) | 0;
  const abcd = (abc + d) | 0;
  for (let h = 0, at = from; h < 16; h++, at += 16) {
    const high = HIGH[h]!;
    table[at] = high;
    table[at + 1] = high + a;
    table[at + 2] = high + b;
    table[at + 3] = high + ab;
    table[at + 4] = high + c;
    table[at + 5] = high + ac;
    table[at + 6] = high + bc;
    table[at + 7] = high + abc;
    table[at + 8] = high + d;
    table[at + 9] = high + ad;
    table[at + 10] = high + bd;
    table[at + 11] = high + abd;
    table[at + 12] = high + cd;
    table[at + 13] = high + acd;
    table[at + 14] = high + bcd;
    table[at + 15] = high + abcd;
  }
}

/** Candidates whose bound reaches the cut: the first `count` entries of two arrays. */
export interface Promising {
  readonly slots: Uint32Array;
  /** The most that a candidate's score may be, by its estimate and the margin; larger is nearer. */
  readonly bounds: Float32Array;
  /** Scratch: what half a code adds up to. */
  readonly halves: Int32Array;
  count: number;
}

/** @param capacity candidates that are appended at most before `count` is set back */
export function createPromising(capacity: number): Promising {
  // One entry more is written, and taken back, when nothing passes any more.
  const length = capacity + 1;
  return {
    slots: new Uint32Array(length),
    bounds: new Float32Array(length),
    halves: new Int32Array(length),
    count: 0,
  };
}

/** One query in the form that sketches take, and the leaf that is visited. */
export interface SketchQuery {
  /** Partial sums and their unit: see {@link fillTable}. */
  table: Int32Array;
  unit: number;
  /** Multiple of the candidate's factor by which a bound lies above the estimate. */
  margin: number;
  /** The most that the second half of a code is taken to add to S. */
  secondHalf: number;
  /** Inner product of the query with the point that the residuals of the leaf are taken from. */
  base: number;
  /** Bounds below it are dropped. */
  cut: number;
}

/** Words of a code that are looked at first. */
export function firstWords(bits: number): number {
  return bits >>> 6;
}

/**
 * Estimates the slots from `first` on, whose rows lie one behind the other, as base + f S + g each, and appends those
 * whose bound reaches `cut`. Most of those that do not are found out by the first half of their code. Which of them is as
 * good as random, so neither pass branches: every candidate is written, and the end moves on when it is to stay. Six
 * nanoseconds a slot at 128 bits, and three for one whose second half is looked at. The common length has loops of its
 * own, because V8 keeps their sums in registers.
 */
export function appendPromising(
  sketches: Sketches,
  query: SketchQuery,
  first: number,
  count: number,
  found: Promising,
): void {
  if (sketches.stride === 5) append128(sketches, query, first, count, found);
  else appendAny(sketches, query, first, count, found);
}

function append128(
  { rows, factorStep, offsetLow, offsetStep }: Sketches,
  { table, unit, margin, secondHalf, base, cut }: SketchQuery,
  first: number,
  count: number,
  found: Promising,
): void {
  const { slots, bounds, halves } = found;
  const start = base + offsetLow;
  const reach = margin + secondHalf;
  const from = found.count;
  let end = from;
  for (let slot = first, at = first * 5; slot < first + count; slot++, at += 5) {
    const factors = rows[at + 4]!;
    const factor = (factors & 0xffff) * factorStep;
    const own = start + (factors >>> 16) * offsetStep;
    const half = (sumOf(rows[at]!, table, 0) + sumOf(rows[at + 1]!, table, 1024)) | 0;
    slots[end] = slot;
    halves[end] = half;
    end += Number(!(own + factor * (half * unit + reach) < cut));
  }
  let kept = from;
  for (let i = from; i < end; i++) {
    const slot = slots[i]!;
    const at = slot * 5;
    const factors = rows[at + 4]!;
    const factor = (factors & 0xffff) * factorStep;
    const own = start + (factors >>> 16) * offsetStep;
    const sum = (halves[i]! + sumOf(rows[at + 2]!, table, 2048) + sumOf(rows[at + 3]!, table, 3072)) | 0;
    const bound = own + factor * (sum * unit + margin);
    slots[kept] = slot;
    bounds[kept] = bound;
    kept += Number(!(bound < cut));
  }
  found.count = kept;
}

function appendAny(
  { bits, rows, stride, factorStep, offsetLow, offsetStep }: Sketches,
  { table, unit, margin, secondHalf, base, cut }: SketchQuery,
  first: number,
  count: number,
  found: Promising,
): void {
  const { slots, bounds, halves } = found;
  const start = base + offsetLow;
  const reach = margin + secondHalf;
  const words = stride - 1;
  const early = firstWords(bits);
  const from = found.count;
  let end = from;
  for (let slot = first, at = first * stride; slot < first + count; slot++, at += stride) {
    const factors = rows[at + words]!;
    const factor = (factors & 0xffff) * factorStep;
    const own = start + (factors >>> 16) * offsetStep;
    let half = 0;
    for (let w = 0; w < early; w++) half = (half + sumOf(rows[at + w]!, table, w << 10)) | 0;
    slots[end] = slot;
    halves[end] = half;
    end += Number(!(own + factor * (half * unit + reach) < cut));
  }
  let kept = from;
  for (let i = from; i < end; i++) {
    const slot = slots[i]!;
    const at = slot * stride;
    const factors = rows[at + words]!;
    const factor = (factors & 0xffff) * factorStep;
    const own = start + (factors >>> 16) * offsetStep;
    let sum = halves[i]!;
    for (let w = early; w < words; w++) sum = (sum + sumOf(rows[at + w]!, table, w << 10)) | 0;
    const bound = own + factor * (sum * unit + margin);
    slots[kept] = slot;
    bounds[kept] = bound;
    kept += Number(!(bound < cut));
  }
  found.count = kept;
}

/** The mean factor, from at most 1,024 evenly spaced slots. */
export function meanFactor({ rows, stride, factorStep }: Sketches): number {
  const count = rows.length / stride;
  const step = Math.max(1, Math.floor(count / SAMPLED_SLOTS));
  let sum = 0;
  let n = 0;
  for (let slot = 0; slot < count; slot += step, n++) sum += rows[slot * stride + stride - 1]! & 0xffff;
  return n > 0 ? (sum / n) * factorStep : 0;
}

/** The part of S that one word of code contributes; its table begins at `t`. */
function sumOf(word: number, table: Int32Array, t: number): number {
  return (
    (((table[t + (word & 255)]! + table[t + 256 + ((word >>> 8) & 255)]!) | 0) +
      ((table[t + 512 + ((word >>> 16) & 255)]! + table[t + 768 + (word >>> 24)]!) | 0)) |
    0
  );
}
