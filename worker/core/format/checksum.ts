/**
 * XXH32 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), the checksum of every section.
 * Four independent lanes of 32-bit multiplications suit JavaScript: up to four gigabytes a second,
 * so that checking a whole artifact costs a fraction of reading it.
 */
const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;
const P3 = 0xc2b2ae3d | 0;
const P4 = 0x27d4eb2f | 0;
const P5 = 0x165667b1 | 0;

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** The four lanes between two calls of {@link addStripes}. */
export type Lanes = Int32Array;

export function startLanes(lanes: Lanes = new Int32Array(4)): Lanes {
  lanes[0] = P1 + P2;
  lanes[1] = P2;
  lanes[2] = 0;
  lanes[3] = -P1;
  return lanes;
}

/** Words that one call of {@link mix} takes: 64 KiB. Many short calls are compiled sooner than one long loop. */
const RUN_WORDS = 1 << 14;

/** Adds the whole stripes (16 bytes each) that `bytes` begins with. */
export function addStripes(lanes: Lanes, bytes: Uint8Array): void {
  // Unaligned input is rare (sections are aligned); a copy keeps the loop on one kind of view.
  const source = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Int32Array(source.buffer, source.byteOffset, (bytes.byteLength >>> 4) << 2);
  for (let at = 0; at < words.length; at += RUN_WORDS) {
    mix(lanes, words, at, Math.min(words.length, at + RUN_WORDS));
  }
}

function mix(lanes: Lanes, words: Int32Array, from: number, to: number): void {
  let a = lanes[0]!;
  let b = lanes[1]!;
  let c = lanes[2]!;
  let d = lanes[3]!;
  for (let w = from; w < to; w += 4) {
    a = Math.imul(rotate((a + Math.imul(words[w]!, P2)) | 0, 13), P1);
    b = Math.imul(rotate((b + Math.imul(words[w + 1]!, P2)) | 0, 13), P1);
    c = Math.imul(rotate((c + Math.imul(words[w + 2]!, P2)) | 0, 13), P1);
    d = Math.imul(rotate((d + Math.imul(words[w + 3]!, P2)) | 0, 13), P1);
  }
  lanes[0] = a;
  lanes[1] = b;
  lanes[2] = c;
  lanes[3] = d;
}

/**
 * The hash of `length` bytes whose whole stripes were added to `lanes`.
 *
 * @param tail the bytes behind the last whole stripe, fewer than 16
 */
export function finishLanes(lanes: Lanes, tail: Uint8Array, length: number): number {
  let h = P5;
  if (length >= 16) {
    h = rotate(lanes[0]!, 1) + rotate(lanes[1]!, 7) + rotate(lanes[2]!, 12) + rotate(lanes[3]!, 18);
  }
  h = (h + length) | 0;
  let at = 0;
  for (; at + 4 <= tail.length; at += 4) {
    const word = tail[at]! | (tail[at + 1]! << 8) | (tail[at + 2]! << 16) | (tail[at + 3]! << 24);
    h = Math.imul(rotate((h + Math.imul(word, P3)) | 0, 17), P4);
  }
  for (; at < tail.length; at++) h = Math.imul(rotate((h + Math.imul(tail[at]!, P5)) | 0, 11), P1);
  h = Math.imul(h ^ (h >>> 15), P2);
  h = Math.imul(h ^ (h >>> 13), P3);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Lanes of {@link checksum}, which returns before anything else can use them. */
const shared: Lanes = new Int32Array(4);

/** The XXH32 of `bytes`, an unsigned 32-bit number. */
export function checksum(bytes: Uint8Array): number {
  const lanes = startLanes(shared);
  addStripes(lanes, bytes);
  const whole = bytes.byteLength - (bytes.byteLength % 16);
  return finishLanes(lanes, bytes.subarray(whole), bytes.byteLength);
}
