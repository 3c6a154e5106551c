/** Allocates floats that worker threads see without a copy. */
export function sharedFloats(length: number): Float32Array<SharedArrayBuffer> {
  return new Float32Array(new SharedArrayBuffer(length * 4));
}

/** Returns the bytes of a typed array, without a copy. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Returns the Euclidean length of the `dimensions` numbers from `at`. */
export function lengthOf(values: Float32Array, at: number, dimensions: number): number {
  let sum = 0;
  for (let i = 0; i < dimensions; i++) sum += values[at + i]! * values[at + i]!;
  return Math.sqrt(sum);
}
