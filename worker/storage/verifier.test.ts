import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeArtifact } from "../../build/artifact/layout.ts";
import { openArtifact } from "../core/format/artifact.ts";
import { ArtifactError } from "../core/format/errors.ts";
import { createVerifier } from "./verifier.ts";

const certified = {
  ...{ target: 0.9, queries: 1, heldOut: true, rows: [], defaultSearchK: 1 },
  ...{ recallAt1: 1, recallAt10: 1, recallAt100: 1 },
};
const common = { metric: "angular", dimensions: 2, codec: "int8", rescore: "none" } as const;
const meta = {
  ...common,
  name: "test",
  items: 1,
  forest: { kind: "flat", trees: 0, splitNodes: 0, leafNodes: 0, leafSize: 0, seed: 1 },
  embedder: null,
  certified,
};
const artifact = encodeArtifact(
  {
    ...common,
    ...{ forestKind: "flat", nItems: 1, nSlots: 1, nTrees: 0, defaultSearchK: 1 },
    ...{ seed: 1, leafSize: 0, certifiedRecall: 1 },
  },
  [
    { name: "meta", hot: true, bytes: new TextEncoder().encode(JSON.stringify(meta)) },
    { name: "vectors", hot: true, bytes: Uint8Array.from({ length: 1003 }, (_, i) => i * 7) },
    { name: "vectorScales", hot: true, bytes: new Uint8Array(0) },
    { name: "slotItems", hot: true, bytes: Uint8Array.of(1, 2, 3) },
    { name: "rescoreVectors", hot: false, bytes: new Uint8Array(500).fill(9) },
  ],
);
const { hotBytes } = openArtifact(artifact).header;

/** Hands over the bytes step by step; the steps end at these places. */
function verify(bytes: Uint8Array, ends: readonly number[], length = bytes.length): void {
  const verifier = createVerifier(length);
  for (const end of ends) verifier(bytes.subarray(0, end));
}

/** Ends of steps as reads give them: the first holds the section table. */
const steps = (length: number) =>
  fc
    .uniqueArray(fc.integer({ min: 700, max: length }), { maxLength: 8 })
    .map((ends) => [...ends.sort((a, b) => a - b), length]);

test("a whole file and a hot part pass, in whatever steps they come", () => {
  fc.assert(fc.property(steps(artifact.length), (ends) => verify(artifact, ends)));
  const hot = artifact.subarray(0, hotBytes);
  fc.assert(fc.property(steps(hotBytes), (ends) => verify(hot, ends)));
});

test("a flipped bit is found exactly when opening the file finds it", () => {
  const place = fc.record({ bit: fc.integer({ min: 0, max: hotBytes * 8 - 1 }), ends: steps(hotBytes) });
  fc.assert(
    fc.property(place, ({ bit, ends }) => {
      const damaged = artifact.slice(0, hotBytes);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const fault = (work: () => unknown): string | undefined => {
        try {
          work();
        } catch (error) {
          if (error instanceof ArtifactError) return error.message;
          throw error;
        }
        return undefined;
      };
      expect(fault(() => verify(damaged, ends))).toBe(fault(() => openArtifact(damaged)));
    }),
    { numRuns: 2000 },
  );
});

test("a foreign file is found out by its first bytes", () => {
  const verifier = createVerifier(10_000_000);
  expect(() => verifier(new Uint8Array(1000))).toThrow(expect.objectContaining({ code: "BAD_MAGIC" }));
});
