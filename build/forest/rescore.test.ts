import { beforeAll, describe, expect, it } from "vitest";
import { clusteredVectors, forestOf } from "../../test/support/forest.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Forest, ReadRanges } from "../../worker/core/forest/types.ts";
import { openArtifact } from "../../worker/core/format/artifact.ts";

const DIMENSIONS = 64;
const COUNT = 6000;

/** Pieces one behind the other, in memory of their own. */
const joined = (pieces: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(pieces));

describe.each(["angular", "euclidean", "manhattan", "dot"] as const)(
  "binary codes with a cold tier: %s",
  (metric) => {
    const vectors = clusteredVectors(COUNT, DIMENSIONS, 300, 0.8, 6);
    let bytes: Uint8Array;
    let whole: Forest;
    let resident: Forest;
    const asked: { offset: number; length: number }[] = [];
    const read: ReadRanges = async (ranges) => {
      const all = [...ranges];
      asked.push(...all);
      return joined(all.map(({ offset, length }) => bytes.subarray(offset, offset + length)));
    };

    beforeAll(async () => {
      const made = await forestOf(vectors, DIMENSIONS, metric, { codec: "binary", rescore: "int8" });
      bytes = made.bytes;
      whole = made.forest;
      const { hotBytes } = openArtifact(bytes).header;
      resident = openForest(openArtifact(bytes.slice(0, hotBytes)));
    });

    it("answers from the resident part and a few ranges as from the whole file", async () => {
      expect(whole.searchRescored).toBeUndefined();
      for (let q = 0; q < 20; q++) {
        const query = vectors.slice(q * DIMENSIONS, (q + 1) * DIMENSIONS);
        asked.length = 0;
        const fromRanges = await resident.searchRescored!(query, { k: 10 }, read);
        const { items, distances } = whole.search(query, { k: 10 });
        expect(fromRanges.items).toEqual(items);
        expect(fromRanges.distances).toEqual(distances);
        expect(fromRanges.items[0]).toBe(q);
        const total = asked.reduce((sum, { length }) => sum + length, 0);
        expect(total).toBeLessThan((COUNT * DIMENSIONS) / 2);
        expect(asked.length).toBeLessThan(130);
      }
    });

    it("keeps what a walk found while another search runs", async () => {
      const queries = Array.from({ length: 20 }, (_, q) =>
        vectors.slice(q * DIMENSIONS, (q + 1) * DIMENSIONS),
      );
      const together = await Promise.all(
        queries.map((query) => resident.searchRescored!(query, { k: 5 }, read)),
      );
      for (const [q, query] of queries.entries()) {
        expect(together[q]!.items).toEqual(whole.search(query, { k: 5 }).items);
      }
    });

    it("obeys filters, and still answers without the cold tier", async () => {
      const query = vectors.slice(0, DIMENSIONS);
      const accept = (item: number) => item % 7 === 3;
      const { items } = await resident.searchRescored!(query, { k: 10, accept }, read);
      expect(items.length).toBe(10);
      expect(items.every(accept)).toBe(true);
      const rough = resident.search(query, { k: 10 });
      expect(rough.items.length).toBe(10);
      expect(rough.distances.every(Number.isFinite)).toBe(true);
    });

    it("reads the vectors of items as they lie in the whole file", async () => {
      const items = [17, 3, 17, COUNT, COUNT - 1];
      const vectorsRead = await resident.vectorsRescored!(items, read);
      expect(vectorsRead).toEqual(items.map((item) => whole.vector(item)));
    });

    it("refuses a range that comes back short", async () => {
      const short: ReadRanges = async (ranges) =>
        joined([...ranges].map(({ offset, length }) => bytes.subarray(offset, offset + length - 1)));
      const query = vectors.slice(0, DIMENSIONS);
      await expect(resident.searchRescored!(query, { k: 3 }, short)).rejects.toMatchObject({
        code: "TRUNCATED",
      });
    });

    it("says that it needs no read when nothing passes", async () => {
      asked.length = 0;
      const { items } = await resident.searchRescored!(
        vectors.slice(0, DIMENSIONS),
        { k: 3, accept: () => false },
        read,
      );
      expect(items).toEqual([]);
      expect(asked).toEqual([]);
    });
  },
);
