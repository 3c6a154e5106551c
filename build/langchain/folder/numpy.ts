import { PyObject, PyTuple, type PyValue } from "./values.ts";

/** NumPy scalars, which tables leave in metadata: dtype code to a reader of one value. */
const READERS: ReadonlyMap<string, (view: DataView, little: boolean) => number | bigint | boolean> = new Map<
  string,
  (view: DataView, little: boolean) => number | bigint | boolean
>([
  ["b1", (v) => v.getUint8(0) !== 0],
  ["i1", (v) => v.getInt8(0)],
  ["i2", (v, l) => v.getInt16(0, l)],
  ["i4", (v, l) => v.getInt32(0, l)],
  ["i8", (v, l) => v.getBigInt64(0, l)],
  ["u1", (v) => v.getUint8(0)],
  ["u2", (v, l) => v.getUint16(0, l)],
  ["u4", (v, l) => v.getUint32(0, l)],
  ["u8", (v, l) => v.getBigUint64(0, l)],
  ["f4", (v, l) => v.getFloat32(0, l)],
  ["f8", (v, l) => v.getFloat64(0, l)],
]);

export function numpyDtype(args: readonly PyValue[]): PyValue | undefined {
  return typeof args[0] === "string" && READERS.has(args[0]) ? new PyObject("dtype", args) : undefined;
}

export function numpyScalar([dtype, data]: readonly PyValue[]): PyValue | undefined {
  if (!(dtype instanceof PyObject) || dtype.name !== "dtype" || !(data instanceof Uint8Array))
    return undefined;
  const code = dtype.args[0];
  const read = typeof code === "string" ? READERS.get(code) : undefined;
  if (!read || data.byteLength !== Number(String(code).slice(1))) return undefined;
  // The state is (version, byte order, ...), the order being "<", ">" or "|".
  const order = dtype.state instanceof PyTuple ? dtype.state.items[1] : "<";
  const value = read(new DataView(data.buffer, data.byteOffset, data.byteLength), order !== ">");
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
