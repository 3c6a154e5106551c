import { ModelError } from "./errors.ts";

/** A tensor's numbers, row-major, as double precision or narrower. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array;
}

type Reader = (view: DataView, at: number) => number;

/** Bytes an element, and how one is read; 64-bit integers here are rows and counts, far below 2^53. */
const TYPES: Readonly<Record<string, readonly [bytes: number, read: Reader]>> = {
  F64: [8, (view, at) => view.getFloat64(at, true)],
  F32: [4, (view, at) => view.getFloat32(at, true)],
  F16: [2, (view, at) => halfToNumber(view.getUint16(at, true))],
  BF16: [2, (view, at) => bfloatToNumber(view.getUint16(at, true))],
  I64: [8, (view, at) => Number(view.getBigInt64(at, true))],
  I32: [4, (view, at) => view.getInt32(at, true)],
  U8: [1, (view, at) => view.getUint8(at)],
  I8: [1, (view, at) => view.getInt8(at)],
};

/**
 * Reads tensors of a safetensors file (https://huggingface.co/docs/safetensors): u64 length of a JSON header, the
 * header, the numbers.
 *
 * @throws ModelError `BAD_MODEL`
 */
export function readSafetensors(bytes: Uint8Array): ReadonlyMap<string, Tensor> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 8) throw bad("ends within its first 8 bytes");
  const length = Number(view.getBigUint64(0, true));
  if (length > bytes.byteLength - 8) throw bad(`claims a header of ${length} bytes`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (cause) {
    throw new ModelError("BAD_MODEL", "model.safetensors has a header that is not JSON.", { cause });
  }
  if (typeof header !== "object" || header === null) throw bad("has a header that is not a JSON object");
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name !== "__metadata__") tensors.set(name, readTensor(view, 8 + length, name, entry));
  }
  return tensors;
}

function readTensor(view: DataView, start: number, name: string, entry: unknown): Tensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const type = TYPES[String(dtype)];
  if (!type)
    throw new ModelError("MODEL_UNSUPPORTED", `Tensor ${name} has numbers of type ${String(dtype)}.`);
  if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
    throw bad(`describes tensor ${name} badly`);
  const [begin, end] = offsets as [number, number];
  const [size, read] = type;
  const count = shape.reduce((product, n) => product * n, 1);
  if (end - begin !== count * size || start + end > view.byteLength) {
    throw bad(
      `has ${end - begin} bytes for tensor ${name}, which takes ${count * size}, or ends before them`,
    );
  }
  const values = size === 8 ? new Float64Array(count) : new Float32Array(count);
  for (let i = 0, at = start + begin; i < count; i++, at += size) values[i] = read(view, at);
  return { shape, values };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));
function bfloatToNumber(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

function bad(what: string): ModelError {
  return new ModelError("BAD_MODEL", `model.safetensors ${what}.`);
}
