/** Bytes that grow at the end. */
export interface ByteList {
  bytes: Uint8Array;
  length: number;
}

export function createByteList(capacity = 8): ByteList {
  return { bytes: new Uint8Array(capacity), length: 0 };
}

function reserve(list: ByteList, more: number): void {
  if (list.length + more <= list.bytes.length) return;
  const grown = new Uint8Array(Math.max(list.length + more, list.bytes.length * 2));
  grown.set(list.bytes.subarray(0, list.length));
  list.bytes = grown;
}

/** LEB128 of an unsigned 32-bit number: seven bits a byte, low ones first. */
export function putNumber(list: ByteList, value: number): void {
  reserve(list, 5);
  let rest = value;
  while (rest >= 0x80) {
    list.bytes[list.length++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  list.bytes[list.length++] = rest;
}

export function putBytes(list: ByteList, bytes: Uint8Array): void {
  reserve(list, bytes.length);
  list.bytes.set(bytes, list.length);
  list.length += bytes.length;
}

/** Returns a view of the bytes that were put in. */
export function listBytes(list: ByteList): Uint8Array {
  return list.bytes.subarray(0, list.length);
}
