import { packBits } from "../../worker/core/forest/query.ts";
import { NIBBLE_LEVELS, type VectorStore } from "../../worker/core/forest/vector-stores.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import { bytesOf, lengthOf } from "../numeric/arrays.ts";
import { createLevels, type Levels } from "../numeric/levels.ts";

/** Some rows encoded. */
export interface EncodedRows {
  readonly vectors: Uint8Array;
  /** Codecs int8 and int4. */
  readonly scales?: Float32Array;
  /** Lengths of the rows; none for metric hamming. */
  readonly norms?: Float32Array;
  /** Whether all rows are unit vectors or zero. */
  readonly unit: boolean;
}

/** Encodes the residuals of rows: what is left of them less their coded vectors. Scales are plain steps. */
export function encodeResiduals(
  codec: "int8" | "int4",
  rows: Float32Array,
  dimensions: number,
  order: Uint32Array,
  coded: VectorStore,
): EncodedRows {
  const residuals = new Float32Array(order.length * dimensions);
  for (let slot = 0; slot < order.length; slot++) {
    const row = residuals.subarray(slot * dimensions, (slot + 1) * dimensions);
    coded.decode(slot, row);
    takeFrom(rows, order[slot]! * dimensions, row);
  }
  const inOrder = Uint32Array.from(order, (_, slot) => slot);
  return encodeCoordinates({ codec, scales: "steps" }, residuals, dimensions, inOrder);
}

/** Turns a coded row into its residual. */
function takeFrom(rows: Float32Array, at: number, row: Float32Array): void {
  for (let i = 0; i < row.length; i++) row[i] = rows[at + i]! - row[i]!;
}

const UNIT_TOLERANCE = 1e-4;

/** Whether lengths are stored: cosines need them, but for unit vectors. */
export function keepsNorms(metric: Metric, unit: boolean): boolean {
  return metric === "angular" && !unit;
}

/**
 * Encodes rows in the order of `order` (storage slot to row). Each scale restores the row's Euclidean length, so that
 * quantisation turns a vector but does not shorten it (manhattan: the plain step, which keeps coordinates closest).
 */
export function encodeRows(
  metric: Metric,
  codec: "float32" | "int8" | "int4",
  rows: Float32Array,
  dimensions: number,
  order: Uint32Array,
): EncodedRows {
  const count = order.length;
  if (metric === "hamming") {
    const stride = Math.ceil(dimensions / 32);
    const words = new Uint32Array(count * stride);
    for (let slot = 0; slot < count; slot++) {
      const row = order[slot]!;
      words.set(packBits(rows.subarray(row * dimensions, (row + 1) * dimensions)), slot * stride);
    }
    return { vectors: bytesOf(words), unit: false };
  }
  const scales = metric === "manhattan" ? "steps" : "lengths";
  return encodeCoordinates({ codec, scales }, rows, dimensions, order);
}

/** The codec of coordinates, and what its scales restore: the length of a row, or its step. */
interface Coding {
  readonly codec: "float32" | "int8" | "int4";
  readonly scales: "lengths" | "steps";
}

function encodeCoordinates(
  coding: Coding,
  rows: Float32Array,
  dimensions: number,
  order: Uint32Array,
): EncodedRows {
  const { codec } = coding;
  const count = order.length;
  const norms = new Float32Array(count);
  let unit = true;
  for (let slot = 0; slot < count && coding.scales === "lengths"; slot++) {
    const norm = lengthOf(rows, order[slot]! * dimensions, dimensions);
    norms[slot] = norm;
    // An all-zero vector has cosine 0 with everything, which a missing norm (1) gives as well.
    if (norm !== 0 && Math.abs(norm - 1) > UNIT_TOLERANCE) unit = false;
  }
  if (codec === "float32") {
    const out = new Float32Array(count * dimensions);
    for (let slot = 0; slot < count; slot++) {
      const at = order[slot]! * dimensions;
      out.set(rows.subarray(at, at + dimensions), slot * dimensions);
    }
    return { vectors: bytesOf(out), norms, unit };
  }
  const scales = new Float32Array(count);
  const encode =
    codec === "int8"
      ? new ByteEncoder(coding, dimensions, count)
      : new NibbleEncoder(coding, dimensions, count);
  for (let slot = 0; slot < count; slot++) {
    const at = order[slot]! * dimensions;
    const largest = largestOf(rows, at, dimensions);
    scales[slot] = largest > 0 ? encode.row(slot, rows, at, largest, norms[slot]!) : 0;
  }
  return { vectors: encode.codes, scales, norms, unit };
}

/** A function of its own, which V8 compiles once and soon. */
function largestOf(rows: Float32Array, at: number, dimensions: number): number {
  let largest = 0;
  for (let i = at; i < at + dimensions; i++) largest = Math.max(largest, Math.abs(rows[i]!));
  return largest;
}

let levels: { readonly dimensions: number; readonly levels: Levels } | undefined;

/** This thread's: rows are encoded one after another, and what V8 has compiled for one instance serves no other. */
function levelsOf(dimensions: number): Levels {
  if (levels?.dimensions !== dimensions) levels = { dimensions, levels: createLevels(dimensions) };
  return levels.levels;
}

/** 255 levels from -127 to 127. */
class ByteEncoder {
  readonly codes: Uint8Array;
  private readonly coding: Coding;
  private readonly dimensions: number;
  private readonly levels: Levels;

  constructor(coding: Coding, dimensions: number, count: number) {
    this.coding = coding;
    this.dimensions = dimensions;
    this.codes = new Uint8Array(count * dimensions);
    this.levels = levelsOf(dimensions);
  }

  /** Writes the codes of a row and returns their scale. */
  row(slot: number, rows: Float32Array, at: number, largest: number, norm: number): number {
    const step = largest / 127;
    const scale = scaleFor(largest);
    this.levels.setRow(rows, at, scale);
    const squares = this.levels.writeBytes(1 / (step * scale), this.codes, slot * this.dimensions);
    return this.coding.scales === "steps" ? step : norm / Math.sqrt(squares);
  }
}

/**
 * 16 levels from -7.5 to 7.5, without a zero. With so few levels it pays to clip the largest coordinates: of several
 * steps the one whose codes turn the vector least is kept.
 */
class NibbleEncoder {
  readonly codes: Uint8Array;
  private readonly stride: number;
  private readonly coding: Coding;
  private readonly levels: Levels;

  constructor(coding: Coding, dimensions: number, count: number) {
    this.coding = coding;
    this.stride = Math.ceil(dimensions / 2);
    this.codes = new Uint8Array(count * this.stride);
    this.levels = levelsOf(dimensions);
  }

  row(slot: number, rows: Float32Array, at: number, largest: number, norm: number): number {
    const { codes, stride, levels } = this;
    let best = -1;
    let bestStep = largest / NIBBLE_LEVELS;
    let bestSquares = 1;
    const scale = scaleFor(largest);
    levels.setRow(rows, at, scale);
    for (const clip of NIBBLE_CLIPS) {
      const step = (largest * clip) / NIBBLE_LEVELS;
      const { product, squares } = levels.fit(1 / (step * scale));
      const cosine = product / Math.sqrt(squares);
      if (cosine > best) {
        best = cosine;
        bestStep = step;
        bestSquares = squares;
      }
    }
    levels.writeNibbles(1 / (bestStep * scale), codes, slot * stride);
    return this.coding.scales === "steps" ? bestStep : norm / Math.sqrt(bestSquares);
  }
}

/** Returns the factor of a row, other than 1 where the inverse of its step would be no float32. */
function scaleFor(largest: number): number {
  return largest < 2 ** -100 ? 2 ** 100 : 1;
}

const NIBBLE_CLIPS = [1, 0.92, 0.85, 0.78, 0.72, 0.66, 0.6, 0.54];
