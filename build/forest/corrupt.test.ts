import { beforeAll, describe, expect, it } from "vitest";
import { clusteredVectors, forestOf } from "../../test/support/forest.ts";
import { LEAF_BIT, NODE, NODE_WORDS } from "../../worker/core/forest/compact/nodes.ts";
import { createRotation, fullSketchBits } from "../../worker/core/forest/compact/rotation.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import { SECTIONS, type SectionName } from "../../worker/core/format/constants.ts";
import { ArtifactError } from "../../worker/core/format/errors.ts";
import { createRandom } from "../numeric/random.ts";

const DIMENSIONS = 64;
let bytes: Uint8Array;

beforeAll(async () => {
  const vectors = clusteredVectors(16_000, DIMENSIONS, 200, 0.7, 4);
  ({ bytes } = await forestOf(vectors, DIMENSIONS, "angular", { trees: 2, targetRecall: 0.5 }));
});

/** A copy of the artifact, and a view of one of its sections to damage. */
function copyWith(name: SectionName): { copy: Uint8Array; words: Uint32Array; floats: Float32Array } {
  const copy = bytes.slice();
  const { offset, length } = openArtifact(copy).sections.find((s) => s.kind === SECTIONS[name])!;
  return {
    copy,
    words: new Uint32Array(copy.buffer, offset, length >>> 2),
    floats: new Float32Array(copy.buffer, offset, length >>> 2),
  };
}

/** Opens it as a reader would who trusts the checksums: damage that a writer itself made. */
function open(copy: Uint8Array) {
  return openForest(openArtifact(copy, { trusted: true }));
}

describe("a damaged forest", () => {
  const split = () => {
    const { words } = copyWith("nodes");
    for (let i = 0; i < words.length; i += NODE_WORDS) if (!(words[i + NODE.count]! & LEAF_BIT)) return i;
    throw new Error("no split node");
  };
  const leaf = () => {
    const { words } = copyWith("nodes");
    for (let i = NODE_WORDS; i < words.length; i += NODE_WORDS)
      if (words[i + NODE.count]! & LEAF_BIT) return i;
    throw new Error("no leaf");
  };
  const faults: [string, () => Uint8Array][] = [
    [
      "a split node that is its own child",
      () => damage("nodes", (w) => (w[split() + NODE.first] = split() / NODE_WORDS)),
    ],
    ["a split node with another's children", () => damage("nodes", (w) => w[split() + NODE.first]!--)],
    ["a split node without children", () => damage("nodes", (w) => (w[split() + NODE.count] = 0))],
    [
      "a split node with too many children",
      () => damage("nodes", (w) => (w[split() + NODE.count] = 0x7fff_ffff)),
    ],
    ["a leaf past the last slot", () => damage("nodes", (w) => (w[leaf() + NODE.first] = 0xffff_fff0))],
    ["a leaf with too many items", () => damage("nodes", (w) => (w[leaf() + NODE.count] = 0xffff_ffff))],
    ["a leaf that overlaps the one before", () => damage("nodes", (w) => w[leaf() + NODE.first]!--)],
    [
      "a factor that is not a number",
      () => damageFloats("nodes", (f) => (f[leaf() + NODE.scale] = Number.NaN)),
    ],
    ["a root with too many children", () => damage("roots", (w) => (w[1] = 0xffff_ffff))],
    ["a root elsewhere", () => damage("roots", (w) => w[2]!++)],
    ["sketches of an impossible length", () => damageFloats("sketchFactors", (f) => (f[0] = 33))],
    ["sketches with a negative margin", () => damageFloats("sketchFactors", (f) => (f[4] = -1))],
  ];

  function damage(name: SectionName, change: (words: Uint32Array) => void): Uint8Array {
    const { copy, words } = copyWith(name);
    change(words);
    return copy;
  }

  function damageFloats(name: SectionName, change: (floats: Float32Array) => void): Uint8Array {
    const { copy, floats } = copyWith(name);
    change(floats);
    return copy;
  }

  for (const [what, make] of faults) {
    it(`is refused: ${what}`, () => {
      const copy = make();
      expect(() => open(copy)).toThrow(ArtifactError);
      // And a reader that checks sums names the section.
      expect(() => openArtifact(copy)).toThrow(/checksum/);
    });
  }

  it("never hangs or reads outside, whatever byte is flipped", () => {
    const random = createRandom(11);
    const query = Float32Array.from({ length: DIMENSIONS }, () => random() - 0.5);
    let answered = 0;
    let refused = 0;
    for (let round = 0; round < 300; round++) {
      const copy = bytes.slice();
      for (let flips = 1 + Math.floor(random() * 4); flips > 0; flips--) {
        copy[Math.floor(random() * copy.length)]! ^= 1 << Math.floor(random() * 8);
      }
      try {
        const { items } = open(copy).search(query, { k: 10, searchK: 400 });
        expect(items.every((item) => Number.isInteger(item))).toBe(true);
        answered++;
      } catch (error) {
        expect(error).toBeInstanceOf(ArtifactError);
        refused++;
      }
    }
    expect(answered + refused).toBe(300);
  });
});

describe("the rotation", () => {
  for (const dimensions of [1, 48, 100, 256, 384, 768, 1000]) {
    it(`keeps lengths and angles, and undoes itself: ${dimensions} dimensions`, () => {
      const bits = fullSketchBits(dimensions);
      const rotation = createRotation(bits, 5);
      const random = createRandom(dimensions);
      const vectors = [0, 1].map(() => Float32Array.from({ length: dimensions }, () => random() - 0.5));
      const rotated = vectors.map((v) => {
        const out = new Float32Array(bits);
        rotation.forward(v, 0, dimensions, out);
        return out;
      });
      const product = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
      expect(product(rotated[0]!, rotated[0]!)).toBeCloseTo(product(vectors[0]!, vectors[0]!), 3);
      expect(product(rotated[0]!, rotated[1]!)).toBeCloseTo(product(vectors[0]!, vectors[1]!), 3);
      rotation.inverse(rotated[0]!);
      for (let i = 0; i < bits; i++) expect(rotated[0]![i]).toBeCloseTo(vectors[0]![i] ?? 0, 4);
    });
  }
});
