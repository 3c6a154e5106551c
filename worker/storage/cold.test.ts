import fc from "fast-check";
import { expect, test } from "vitest";
import { COLD_PAGE_BYTES } from "../core/format/cold-pages.ts";
import { createColdReader } from "./cold.ts";
import { createRangeCache } from "./range-cache.ts";
import { coalesce, type Piece } from "./ranges.ts";

const PAGE = COLD_PAGE_BYTES;
const pages = { start: 0, pageBytes: PAGE, checksums: undefined };
const file = Uint8Array.from({ length: 40 * PAGE + 123 }, (_, i) => (i * 2654435761) >>> 24);

/** A reader over the file, and what it read. */
function readerOf(limits = { gap: PAGE, most: 4, widest: 4 * PAGE }, cacheBytes = 8 * PAGE) {
  const reads: Piece[] = [];
  const cache = createRangeCache(cacheBytes);
  const read = async (offset: number, length: number) => {
    reads.push({ offset, length });
    return file.slice(offset, offset + length);
  };
  return {
    reads,
    cache,
    read: createColdReader({ key: "f", bytes: file.length, pages, read }, cache, limits),
  };
}

const at = (page: number, length = 10): Piece => ({ offset: page * PAGE + 5, length });

test("any ranges come back as they lie in the file, whatever the cache holds", async () => {
  const { read, cache } = readerOf();
  const range = fc
    .tuple(fc.nat(file.length - 1), fc.integer({ min: 1, max: 3 * PAGE }))
    .map(([offset, length]) => ({ offset, length: Math.min(length, file.length - offset) }));
  await fc.assert(
    fc.asyncProperty(fc.array(range, { maxLength: 12 }), async (ranges) => {
      const wanted = ranges.map(({ offset, length }) => file.subarray(offset, offset + length));
      expect(Buffer.compare(await read(ranges), Buffer.concat(wanted))).toBe(0);
      expect(cache.bytes).toBeLessThanOrEqual(8 * PAGE);
    }),
  );
});

test("what was read is not read again while the cache holds it, and the oldest goes first", async () => {
  const { read, reads, cache } = readerOf();
  await read([at(0), at(3)]);
  expect(reads).toHaveLength(2);
  await read([at(3)]);
  await read([at(0, 1)]);
  expect(reads).toHaveLength(2);
  for (let page = 10; page < 17; page++) await read([at(page)]);
  expect(cache.bytes).toBe(8 * PAGE);
  reads.length = 0;
  await read([at(0)]);
  await read([at(3)]);
  expect(reads).toEqual([{ offset: 3 * PAGE, length: PAGE }]);
});

test("neighbouring pages come in one read, and so do the nearest of too many", () => {
  const limits = { gap: 10, most: 3, widest: 100 };
  const piecesOf = (...offsets: number[]) =>
    coalesce(
      offsets.map((offset) => ({ offset, length: 10 })),
      limits,
    );
  expect(piecesOf()).toEqual([]);
  expect(piecesOf(0, 10, 30)).toEqual([{ offset: 0, length: 40 }]);
  expect(piecesOf(0, 50, 100)).toHaveLength(3);
  // Of the gaps 40, 20, 30 and 60 the two narrowest are bridged.
  expect(piecesOf(0, 50, 80, 120, 190)).toEqual([
    { offset: 0, length: 10 },
    { offset: 50, length: 80 },
    { offset: 190, length: 10 },
  ]);
  // None above the widest, however many reads that leaves.
  expect(piecesOf(0, 200, 400, 600, 800)).toHaveLength(5);
});

test("a read that comes back short, and a range beyond the end, are errors", async () => {
  const short = async (offset: number, length: number) => file.slice(offset, offset + length - 1);
  const cut = createColdReader({ key: "f", bytes: file.length, pages, read: short }, createRangeCache());
  await expect(cut([at(1)])).rejects.toMatchObject({ code: "READ_CUT_SHORT" });
  const beyond = readerOf().read([{ offset: file.length - 1, length: 2 }]);
  await expect(beyond).rejects.toMatchObject({ code: "READ_CUT_SHORT" });
});
