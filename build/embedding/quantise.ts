import { tilePlace } from "../../worker/core/format/encoder.ts";

type Numbers = Float32Array | Float64Array;

/** Rows of numbers as integers, with a scale for every `group` of them. */
export interface QuantisedRows {
  readonly codes: Int8Array;
  readonly scales: Float32Array;
}

/** Rows of a table, at 8 bits or at 4, two numbers a byte with the first in the low four bits. */
export function quantiseRows(values: Numbers, bits: 4 | 8, group: number): QuantisedRows {
  const most = bits === 8 ? 127 : 7;
  const scales = new Float32Array(values.length / group);
  const codes = new Int8Array((values.length * bits) / 8);
  for (const [g] of scales.entries()) {
    const from = g * group;
    const numbers = values.subarray(from, from + group);
    const scale = bits === 8 ? largest(numbers) / most : bestScale(numbers, most);
    scales[g] = scale;
    const code = (i: number): number => clamp(Math.round(numbers[i]! / (scale || 1)), most);
    if (bits === 8) for (let i = 0; i < group; i++) codes[from + i] = code(i);
    else for (let i = 0; i < group; i += 2) codes[(from + i) >> 1] = (code(i) & 15) | (code(i + 1) << 4);
  }
  return { codes, scales };
}

function largest(numbers: Numbers): number {
  let most = 0;
  for (const value of numbers) most = Math.max(most, Math.abs(value));
  return most;
}

function clamp(code: number, most: number): number {
  return Math.max(-most, Math.min(most, code));
}

/** With few levels, cutting the largest numbers off a little leaves a smaller squared error. */
function bestScale(numbers: Numbers, most: number): number {
  const full = largest(numbers) / most;
  let best = full;
  let least = Number.POSITIVE_INFINITY;
  for (let cut = 1; cut >= 0.6; cut -= 0.05) {
    const scale = full * cut;
    let error = 0;
    for (const value of numbers) {
      const off = value - scale * clamp(Math.round(value / (scale || 1)), most);
      error += off * off;
    }
    if (error < least) {
      least = error;
      best = scale;
    }
  }
  return best;
}

/** A matrix as the kernel reads it: codes in tiles, a scale and the sum of the codes for each row. */
export interface PackedMatrix extends QuantisedRows {
  readonly sums: Int32Array;
}

/** @param values row-major, one row for each output */
export function packMatrix(values: Float32Array, rows: number, columns: number): PackedMatrix {
  const codes = new Int8Array(rows * columns);
  const scales = new Float32Array(rows);
  const sums = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const numbers = values.subarray(row * columns, (row + 1) * columns);
    const scale = largest(numbers) / 127;
    scales[row] = scale;
    for (let column = 0; column < columns; column++) {
      const code = Math.round(numbers[column]! / (scale || 1));
      codes[tilePlace(row, column, columns)] = code;
      sums[row]! += code;
    }
  }
  return { codes, scales, sums };
}
