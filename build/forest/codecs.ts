import { packBits } from "../../worker/forest/vectors.ts";
import type { Metric } from "../../worker/format/constants.ts";

/** Encoded vectors: the bytes of the sections `vectors`, `vectorScales` and `vectorNorms`. */
export interface EncodedVectors {
  readonly vectors: Uint8Array;
  readonly scales?: Uint8Array;
  readonly norms?: Uint8Array;
}

const UNIT_TOLERANCE = 1e-4;

/**
 * Encodes rows in the order of `order` (storage slot to row). Each scale restores the row's Euclidean length, so that
 * quantisation turns a vector but does not shorten it (manhattan: the plain step, which keeps coordinates closest).
 */
export function encodeVectors(
  metric: Metric,
  codec: "float32" | "int8" | "int4",
  rows: Float32Array,
  dimensions: number,
  order: Uint32Array,
): EncodedVectors {
  const count = order.length;
  if (metric === "hamming") {
    const stride = Math.ceil(dimensions / 32);
    const words = new Uint32Array(count * stride);
    for (let slot = 0; slot < count; slot++) {
      const row = order[slot]!;
      words.set(packBits(rows.subarray(row * dimensions, (row + 1) * dimensions)), slot * stride);
    }
    return { vectors: bytesOf(words) };
  }
  const norms = new Float32Array(count);
  let unit = metric === "angular";
  for (let slot = 0; slot < count; slot++) {
    const norm = lengthOf(rows, order[slot]! * dimensions, dimensions);
    norms[slot] = norm;
    // An all-zero vector has cosine 0 with everything, which a missing norm (1) gives as well.
    if (norm !== 0 && Math.abs(norm - 1) > UNIT_TOLERANCE) unit = false;
  }
  const keepNorms = metric === "euclidean" || (metric === "angular" && !unit);
  const norm = keepNorms ? { norms: bytesOf(norms) } : {};
  if (codec === "float32") {
    const out = new Float32Array(count * dimensions);
    for (let slot = 0; slot < count; slot++) {
      const at = order[slot]! * dimensions;
      out.set(rows.subarray(at, at + dimensions), slot * dimensions);
    }
    return { vectors: bytesOf(out), ...norm };
  }
  const scales = new Float32Array(count);
  const encoded =
    codec === "int8" ? new Uint8Array(count * dimensions) : new Uint8Array(count * Math.ceil(dimensions / 2));
  const signed = new Int8Array(encoded.buffer);
  const stride = encoded.length / Math.max(1, count);
  const most = codec === "int8" ? 127 : 7;
  for (let slot = 0; slot < count; slot++) {
    const at = order[slot]! * dimensions;
    let largest = 0;
    for (let i = 0; i < dimensions; i++) largest = Math.max(largest, Math.abs(rows[at + i]!));
    if (largest === 0) {
      if (codec === "int4") encoded.fill(0x88, slot * stride, (slot + 1) * stride);
      continue;
    }
    const step = largest / most;
    let squares = 0;
    for (let i = 0; i < dimensions; i++) {
      const code = Math.max(-most, Math.min(most, Math.round(rows[at + i]! / step)));
      squares += code * code;
      if (codec === "int8") signed[slot * stride + i] = code;
      else encoded[slot * stride + (i >>> 1)]! |= (code + 8) << (i & 1 ? 4 : 0);
    }
    scales[slot] = metric === "manhattan" ? step : norms[slot]! / Math.sqrt(squares);
  }
  return { vectors: encoded, scales: bytesOf(scales), ...norm };
}

export function lengthOf(values: Float32Array, at: number, dimensions: number): number {
  let sum = 0;
  for (let i = 0; i < dimensions; i++) sum += values[at + i]! * values[at + i]!;
  return Math.sqrt(sum);
}

export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
