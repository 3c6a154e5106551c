/**
 * XXH32 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), the checksum of every section.
 * Four independent lanes of 32-bit multiplications suit JavaScript: about a gigabyte and a half a second, so that
 * checking a whole artifact costs a fraction of reading it.
 */
const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;
const P3 = 0xc2b2ae3d | 0;
const P4 = 0x27d4eb2f | 0;
const P5 = 0x165667b1 | 0;

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** The XXH32 of `bytes`, an unsigned 32-bit number. */
export function checksum(bytes: Uint8Array, seed = 0): number {
  const length = bytes.byteLength;
  let h: number;
  let at = 0;
  if (length >= 16) {
    // Unaligned input is rare (sections are aligned); a copy keeps the loop on one kind of view.
    const source = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    const words = new Int32Array(source.buffer, source.byteOffset, length >>> 2);
    const stripes = length >>> 4;
    let a = (seed + P1 + P2) | 0;
    let b = (seed + P2) | 0;
    let c = seed | 0;
    let d = (seed - P1) | 0;
    for (let i = 0, w = 0; i < stripes; i++, w += 4) {
      a = Math.imul(rotate((a + Math.imul(words[w]!, P2)) | 0, 13), P1);
      b = Math.imul(rotate((b + Math.imul(words[w + 1]!, P2)) | 0, 13), P1);
      c = Math.imul(rotate((c + Math.imul(words[w + 2]!, P2)) | 0, 13), P1);
      d = Math.imul(rotate((d + Math.imul(words[w + 3]!, P2)) | 0, 13), P1);
    }
    h = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
    at = stripes << 4;
  } else {
    h = (seed + P5) | 0;
  }
  h = (h + length) | 0;
  for (; at + 4 <= length; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    h = Math.imul(rotate((h + Math.imul(word, P3)) | 0, 17), P4);
  }
  for (; at < length; at++) h = Math.imul(rotate((h + Math.imul(bytes[at]!, P5)) | 0, 11), P1);
  h = Math.imul(h ^ (h >>> 15), P2);
  h = Math.imul(h ^ (h >>> 13), P3);
  return (h ^ (h >>> 16)) >>> 0;
}
