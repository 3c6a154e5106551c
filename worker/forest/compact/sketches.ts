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
  /** How far a score may lie above its estimate, for a query of length 1 and a candidate of the mean factor. */
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
 * those take V8 half the time of float32. 32 additions a dimension.
 *
 * @returns what a sum is to be multiplied by; about a billionth of the largest that there can be
 */
export function fillTable(rotated: Float32Array, bits: number, table: Int32Array): number {
  let absolute = 0;
  for (let i = 0; i < bits; i++) absolute += Math.abs(rotated[i]!);
  const scale = absolute > 0 ? LARGEST_SUM / absolute : 0;
  for (let byte = 0; byte < bits >>> 3; byte++) {
    const at = byte << 8;
    let all = 0;
    for (let i = 0; i < 8; i++) all -= Math.round(rotated[byte * 8 + i]! * scale);
    table[at] = all;
    for (let i = 0; i < 8; i++) {
      const half = 1 << i;
      const twice = 2 * Math.round(rotated[byte * 8 + i]! * scale);
      for (let b = 0; b < half; b++) table[at + half + b] = (table[at + b]! + twice) | 0;
    }
  }
  return scale > 0 ? 1 / scale : 0;
}

/** Candidates whose bound reaches the cut: the first `count` entries of two arrays. */
export interface Promising {
  readonly slots: Uint32Array;
  /** The most that a candidate's score may be, by its estimate and the margin; larger is nearer. */
  readonly bounds: Float32Array;
  count: number;
}

/** One query as the sketches see it. */
export interface SketchQuery {
  /** Partial sums and their unit: see {@link fillTable}. */
  readonly table: Int32Array;
  unit: number;
  /** A bound is the estimate plus so many times the candidate's factor. */
  margin: number;
  /** The most that the second half of a code is taken to add to S. */
  rest: number;
}

/** Words of a code that are looked at first. */
export function firstWords(bits: number): number {
  return bits >>> 6;
}

/**
 * Estimates the slots from `first` on, whose rows lie one behind the other, as base + f S + g each, and appends those
 * whose bound reaches `cut`. Most of those that do not are found out by the first half of their code. About seven
 * nanoseconds a slot at 128 bits; the common length has a loop of its own, because V8 keeps its sums in registers.
 */
export function appendPromising(
  sketches: Sketches,
  { table, unit, margin, rest }: SketchQuery,
  base: number,
  first: number,
  count: number,
  cut: number,
  found: Promising,
): void {
  const { rows, stride, factorStep, offsetLow, offsetStep } = sketches;
  const { slots, bounds } = found;
  const start = base + offsetLow;
  const reach = margin + rest;
  const end = first + count;
  let n = found.count;
  if (stride === 5) {
    for (let slot = first, at = first * 5; slot < end; slot++, at += 5) {
      const factors = rows[at + 4]!;
      const factor = (factors & 0xffff) * factorStep;
      const own = start + (factors >>> 16) * offsetStep;
      const half = (sumOf(rows[at]!, table, 0) + sumOf(rows[at + 1]!, table, 1024)) | 0;
      if (own + factor * (half * unit + reach) < cut) continue;
      const sum = (half + sumOf(rows[at + 2]!, table, 2048) + sumOf(rows[at + 3]!, table, 3072)) | 0;
      const bound = own + factor * (sum * unit + margin);
      if (bound < cut) continue;
      slots[n] = slot;
      bounds[n++] = bound;
    }
    found.count = n;
    return;
  }
  const words = stride - 1;
  const early = firstWords(sketches.bits);
  for (let slot = first, at = first * stride; slot < end; slot++, at += stride) {
    const factors = rows[at + words]!;
    const factor = (factors & 0xffff) * factorStep;
    const own = start + (factors >>> 16) * offsetStep;
    let sum = 0;
    for (let w = 0; w < early; w++) sum = (sum + sumOf(rows[at + w]!, table, w << 10)) | 0;
    if (own + factor * (sum * unit + reach) < cut) continue;
    for (let w = early; w < words; w++) sum = (sum + sumOf(rows[at + w]!, table, w << 10)) | 0;
    const bound = own + factor * (sum * unit + margin);
    if (bound < cut) continue;
    slots[n] = slot;
    bounds[n++] = bound;
  }
  found.count = n;
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
