import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

/**
 * Vectors of many texts in few bytes, to ship with the demo: encoding its definitions takes minutes, decoding a second.
 * The vectors are centred and rotated onto the principal axes of a sample; the axes with the largest variance keep 4 bits
 * each, in the 16 levels that Lloyd and Max give for a normal distribution, and the rest is dropped.
 *
 * Layout, little-endian: magic `AEPV`, u32 rows, u32 dimensions, u32 axes, 16 bytes of the encoder's content hash (hex
 * digits), then f32 mean (dimensions), f32 deviations (axes), f32 basis (axes x dimensions), u8 codes (rows x axes / 2).
 */

const MAGIC = 0x56504541;
const HEADER_BYTES = 32;
/** Rows that the axes are taken from. */
const SAMPLE = 8192;

/** Levels of a 4-bit quantiser for a normal distribution of deviation 1: J. Max, Quantizing for minimum distortion, 1960. */
const LEVELS = [0.1284, 0.3881, 0.6568, 0.9424, 1.2562, 1.6181, 2.069, 2.7326];
const SIGNED = [...LEVELS.toReversed().map((level) => -level), ...LEVELS];

export interface PackedVectors {
  readonly rows: number;
  readonly dimensions: number;
  /** The encoder that made them. */
  readonly contentHash: string;
  /** The vectors, of unit length, row by row. O(rows x axes x dimensions). */
  unpack(): Float32Array;
}

/** Packs unit vectors, with a number of axes that 4 divides. */
export function packVectors(
  vectors: Float32Array,
  dimensions: number,
  axes: number,
  contentHash: string,
): Uint8Array {
  const rows = vectors.length / dimensions;
  const mean = meanOf(vectors, dimensions);
  const basis = principalAxes(vectors, dimensions, mean, axes);
  const projected = new Float32Array(rows * axes);
  const deviations = new Float32Array(axes);
  for (let row = 0; row < rows; row++) {
    for (let axis = 0; axis < axes; axis++) {
      let sum = 0;
      for (let d = 0; d < dimensions; d++) {
        sum += (vectors[row * dimensions + d]! - mean[d]!) * basis[axis * dimensions + d]!;
      }
      projected[row * axes + axis] = sum;
      deviations[axis]! += sum * sum;
    }
  }
  for (let axis = 0; axis < axes; axis++) deviations[axis] = Math.sqrt(deviations[axis]! / rows);
  const codes = new Uint8Array((rows * axes) / 2);
  for (const [i, value] of projected.entries()) {
    codes[i >> 1]! |= levelOf(value / deviations[i % axes]!) << (4 * (i & 1));
  }
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  for (const [i, value] of [MAGIC, rows, dimensions, axes].entries()) view.setUint32(4 * i, value, true);
  header.set(new TextEncoder().encode(contentHash), 16);
  return Buffer.concat([
    header,
    ...[mean, deviations, basis].map((part) => new Uint8Array(part.buffer)),
    codes,
  ]);
}

/** @throws AnnoyEdgeError `BAD_PACKED_VECTORS` */
export function openPackedVectors(bytes: Uint8Array): PackedVectors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (i: number): number => (bytes.byteLength < HEADER_BYTES ? 0 : view.getUint32(4 * i, true));
  const [magic, rows, dimensions, axes] = [word(0), word(1), word(2), word(3)];
  const floats = dimensions + axes + axes * dimensions;
  if (magic !== MAGIC || bytes.byteLength !== HEADER_BYTES + 4 * floats + (rows * axes) / 2) {
    throw new AnnoyEdgeError(
      "BAD_PACKED_VECTORS",
      "The demo's vectors are damaged. Check the file out again.",
    );
  }
  const numbers = new Float32Array(floats);
  new Uint8Array(numbers.buffer).set(bytes.subarray(HEADER_BYTES, HEADER_BYTES + 4 * floats));
  const mean = numbers.subarray(0, dimensions);
  const deviations = numbers.subarray(dimensions, dimensions + axes);
  const basis = numbers.subarray(dimensions + axes);
  const codes = bytes.subarray(HEADER_BYTES + 4 * floats);
  return {
    rows,
    dimensions,
    contentHash: new TextDecoder().decode(bytes.subarray(16, HEADER_BYTES)),
    unpack() {
      const vectors = new Float32Array(rows * dimensions);
      for (let row = 0; row < rows; row++) {
        const vector = vectors.subarray(row * dimensions, (row + 1) * dimensions);
        vector.set(mean);
        // Four axes a pass: the row is read and written a quarter as often.
        for (let axis = 0; axis < axes; axis += 4) {
          const low = codes[(row * axes + axis) >> 1]!;
          const high = codes[((row * axes + axis) >> 1) + 1]!;
          const a = SIGNED[low & 15]! * deviations[axis]!;
          const b = SIGNED[low >> 4]! * deviations[axis + 1]!;
          const c = SIGNED[high & 15]! * deviations[axis + 2]!;
          const e = SIGNED[high >> 4]! * deviations[axis + 3]!;
          const [first, second] = [axis * dimensions, (axis + 1) * dimensions];
          const [third, fourth] = [(axis + 2) * dimensions, (axis + 3) * dimensions];
          for (let d = 0; d < dimensions; d++) {
            vector[d]! +=
              a * basis[first + d]! + b * basis[second + d]! + c * basis[third + d]! + e * basis[fourth + d]!;
          }
        }
        let square = 0;
        for (let d = 0; d < dimensions; d++) square += vector[d]! * vector[d]!;
        const factor = square > 0 ? 1 / Math.sqrt(square) : 0;
        for (let d = 0; d < dimensions; d++) vector[d]! *= factor;
      }
      return vectors;
    },
  };
}

function meanOf(vectors: Float32Array, dimensions: number): Float32Array {
  const sums = new Float64Array(dimensions);
  for (const [i, value] of vectors.entries()) sums[i % dimensions]! += value;
  return Float32Array.from(sums, (sum) => sum / (vectors.length / dimensions));
}

/** Directions of the largest variance of a sample, one row each. */
function principalAxes(
  vectors: Float32Array,
  dimensions: number,
  mean: Float32Array,
  axes: number,
): Float32Array {
  const step = Math.max(1, Math.floor(vectors.length / dimensions / SAMPLE)) * dimensions;
  const sample: Float32Array[] = [];
  for (let at = 0; at < vectors.length; at += step) sample.push(vectors.subarray(at, at + dimensions));
  const centred = new Matrix(sample).subRowVector(mean);
  const covariance = centred.transpose().mmul(centred);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const order = [...realEigenvalues.keys()].sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  return Float32Array.from(order.slice(0, axes).flatMap((column) => eigenvectorMatrix.getColumn(column)));
}

/** Number of the nearest of the 16 levels. */
function levelOf(value: number): number {
  let level = 0;
  while (level < 15 && value > (SIGNED[level]! + SIGNED[level + 1]!) / 2) level++;
  return level;
}
