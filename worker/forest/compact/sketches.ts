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
  /**
   * Candidates whose estimate is at most this far below the k-th best estimate are scored by the full vector code;
   * for a query of length 1.
   */
  readonly margin: number;
  /** The one point that all residuals are taken from, in forests of several trees; else each leaf's own centre. */
  readonly centre: Float32Array | undefined;
}

/** Numbers at the head of section `sketchFactors`: bits, factor step, offset low, offset step, margin. */
export const FACTORS = 5;
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

/** Fills `table` (bits / 8 x 256 numbers) with the partial sums of a rotated query. 32 additions a dimension. */
export function fillTable(rotated: Float32Array, bits: number, table: Float32Array): void {
  for (let byte = 0; byte < bits >>> 3; byte++) {
    const at = byte << 8;
    let all = 0;
    for (let i = 0; i < 8; i++) all -= rotated[byte * 8 + i]!;
    table[at] = all;
    for (let i = 0; i < 8; i++) {
      const half = 1 << i;
      const twice = 2 * rotated[byte * 8 + i]!;
      for (let b = 0; b < half; b++) table[at + half + b] = table[at + b]! + twice;
    }
  }
}

/**
 * Estimates of the slots from `first` on, whose rows lie one behind the other: base + f S + g each, into `scores` from
 * `to`. About ten nanoseconds a slot at 128 bits; the common lengths have loops of their own, because V8 keeps their
 * sums in registers.
 */
export function estimateRange(
  sketches: Sketches,
  table: Float32Array,
  base: number,
  first: number,
  count: number,
  scores: Float32Array,
  to: number,
): void {
  const { rows, stride, factorStep, offsetLow, offsetStep } = sketches;
  const start = base + offsetLow;
  const end = (first + count) * stride;
  if (stride === 5) {
    for (let at = first * stride, i = to; at < end; at += 5, i++) {
      const sum = sumOf(rows[at]!, table, 0) + sumOf(rows[at + 1]!, table, 1024);
      const more = sumOf(rows[at + 2]!, table, 2048) + sumOf(rows[at + 3]!, table, 3072);
      const factors = rows[at + 4]!;
      scores[i] = start + (factors & 0xffff) * factorStep * (sum + more) + (factors >>> 16) * offsetStep;
    }
    return;
  }
  const words = stride - 1;
  for (let at = first * stride, i = to; at < end; at += stride, i++) {
    let sum = 0;
    let more = 0;
    let w = 0;
    for (; w + 2 <= words; w += 2) {
      sum += sumOf(rows[at + w]!, table, w << 10);
      more += sumOf(rows[at + w + 1]!, table, (w + 1) << 10);
    }
    if (w < words) sum += sumOf(rows[at + w]!, table, w << 10);
    const factors = rows[at + words]!;
    scores[i] = start + (factors & 0xffff) * factorStep * (sum + more) + (factors >>> 16) * offsetStep;
  }
}

/** The part of S that one word of code contributes; its table begins at `t`. */
function sumOf(word: number, table: Float32Array, t: number): number {
  return (
    table[t + (word & 255)]! +
    table[t + 256 + ((word >>> 8) & 255)]! +
    (table[t + 512 + ((word >>> 16) & 255)]! + table[t + 768 + (word >>> 24)]!)
  );
}
