import fc from "fast-check";
import { expect, test } from "vitest";
import { checksum } from "./checksum.ts";
import {
  decodePlacement,
  encodePlacement,
  HASH_BYTES,
  NO_DOCUMENT,
  PLACEMENT_HEADER,
  PLACEMENT_HEADER_BYTES,
  pageOf,
  placementEntry,
  slotOf,
} from "./placement.ts";

const PACK = "0f".repeat(16);

function sample(itemsPerPage: readonly number[], holes = 1) {
  const pages = itemsPerPage.map((lines, i) => ({
    hash: i.toString(16).padStart(32, "0"),
    pack: 0,
    packOffset: i * 1000,
    bytes: lines * 10,
    lines,
  }));
  const entries = itemsPerPage.flatMap((lines, page) =>
    Array.from({ length: lines }, (_, slot) => placementEntry(page, slot)),
  );
  for (let i = 0; i < holes; i++) entries.push(NO_DOCUMENT);
  const lines = itemsPerPage.reduce((sum, n) => sum + n, 0);
  return {
    nItems: entries.length,
    pages,
    packs: [PACK],
    entries: Uint32Array.from(entries),
    lineHashes: Uint8Array.from({ length: lines * HASH_BYTES }, (_, i) => i % 251),
  };
}

/** Writes a field and mends the checksums, so that only the reader's own checks are left. */
function tamper(bytes: Uint8Array, hotBytes: number, change: (view: DataView) => void): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  change(view);
  const hot = copy.subarray(PLACEMENT_HEADER_BYTES, hotBytes);
  view.setUint32(PLACEMENT_HEADER.hotChecksum, checksum(hot), true);
  view.setUint32(
    PLACEMENT_HEADER.headerChecksum,
    checksum(copy.subarray(0, PLACEMENT_HEADER.headerChecksum)),
    true,
  );
  return copy;
}

test("a placement is read back as it was written, at 4 bytes an item and 32 a page", () => {
  const placement = sample([3, 1, 4096]);
  const { bytes, hotBytes } = encodePlacement(placement);
  expect(decodePlacement(bytes)).toEqual(placement);
  expect(hotBytes).toBe(64 + 16 + 3 * 32 + 4 * 4101);
});

test("the hot part alone gives everything but the line hashes", () => {
  const placement = sample([3, 1]);
  const { bytes, hotBytes } = encodePlacement(placement);
  const { lineHashes: _, ...hot } = placement;
  expect(decodePlacement(bytes.subarray(0, hotBytes))).toEqual(hot);
});

test("an index without documents has a placement without pages", () => {
  const placement = { ...sample([], 5), packs: [] };
  expect(decodePlacement(encodePlacement(placement).bytes)).toEqual(placement);
});

test("entries keep page and slot apart up to the largest of both", () => {
  for (const [page, slot] of [
    [0, 0],
    [0, 4095],
    [1_048_574, 4095],
  ] as const) {
    const entry = placementEntry(page, slot);
    expect([pageOf(entry), slotOf(entry)]).toEqual([page, slot]);
    expect(entry).not.toBe(NO_DOCUMENT);
  }
});

test("bytes that start at any offset are read", () => {
  const { bytes } = encodePlacement(sample([2]));
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(decodePlacement(shifted.subarray(3)).entries).toEqual(sample([2]).entries);
});

test("every flipped bit is noticed", () => {
  const { bytes } = encodePlacement(sample([2, 1]));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => decodePlacement(damaged)).toThrow(/placement/);
  }
});

test("every truncation but the one to the hot part is noticed", () => {
  const { bytes, hotBytes } = encodePlacement(sample([2, 1]));
  for (let length = 0; length < bytes.length; length++) {
    if (length === hotBytes) continue;
    expect(() => decodePlacement(bytes.subarray(0, length))).toThrow("placement is damaged");
  }
});

test("an entry that points outside its page or the pages is refused, whoever computed the checksums", () => {
  const { bytes, hotBytes } = encodePlacement(sample([2, 1]));
  const at = hotBytes - 4 * 4;
  for (const entry of [placementEntry(0, 2), placementEntry(2, 0), placementEntry(1, 1)]) {
    const damaged = tamper(bytes, hotBytes, (view) => view.setUint32(at, entry, true));
    expect(() => decodePlacement(damaged)).toThrow("item 0 lies in line");
  }
});

test("impossible counts are refused before anything is allocated", () => {
  const { bytes, hotBytes } = encodePlacement(sample([2, 1]));
  for (const field of ["nItems", "nPages", "nPacks", "nLines"] as const) {
    const damaged = tamper(bytes, hotBytes, (view) =>
      view.setUint32(PLACEMENT_HEADER[field], 0x7fff_fffe, true),
    );
    expect(() => decodePlacement(damaged)).toThrow("placement is damaged");
  }
});

test("a later major version is named as such", () => {
  const { bytes, hotBytes } = encodePlacement(sample([1]));
  const later = tamper(bytes, hotBytes, (view) => view.setUint16(PLACEMENT_HEADER.major, 2, true));
  expect(() => decodePlacement(later)).toThrow("Update the reader");
});

test("arbitrary bytes never crash the reader", () => {
  const { bytes } = encodePlacement(sample([2, 1]));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (tail) => {
      const input = new Uint8Array(8 + tail.length);
      input.set(bytes.subarray(0, 8));
      input.set(tail, 8);
      expect(() => decodePlacement(input)).toThrow();
    }),
  );
});
