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
  /** Share of the candidates that are scored by the full vector code. */
  readonly scoredShare: number;
  /** The one point that all residuals are taken from, in forests of several trees; else each leaf's own centre. */
  readonly centre: Float32Array | undefined;
}

/** Numbers at the head of section `sketchFactors`: bits, factor step, offset low, offset step, scored share. */
export const FACTORS = 5;

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
  const [bits, factorStep, offsetLow, offsetStep, scoredShare] = factors as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (!(Number.isInteger(bits) && bits >= 32 && bits % 32 === 0 && bits <= fullSketchBits(dimensions))) {
    throw new ArtifactError("CORRUPT_FOREST", `Sketches of ${bits} bits for ${dimensions} dimensions.`);
  }
  if (!Number.isFinite(factorStep + offsetLow + offsetStep) || !(scoredShare > 0 && scoredShare <= 1)) {
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
    scoredShare,
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

/** S of one row whose code words start at `at`. */
export function tableSum(rows: Int32Array, at: number, words: number, table: Float32Array): number {
  let even = 0;
  let odd = 0;
  for (let w = 0, t = 0; w < words; w++, t += 1024) {
    const x = rows[at + w]!;
    even += table[t + (x & 255)]! + table[t + 512 + ((x >>> 16) & 255)]!;
    odd += table[t + 256 + ((x >>> 8) & 255)]! + table[t + 768 + (x >>> 24)]!;
  }
  return even + odd;
}
