import { type Artifact, requireView, sectionBytes, viewOf } from "../../format/artifact.ts";
import { ArtifactError } from "../../format/errors.ts";

/** Words of one record in section `nodes`. */
export const NODE_WORDS = 5;
/** Word offsets within a record. `first` and `count` are u32, the other three float32. */
export const NODE = {
  /** Split node: its first child. Leaf: its first slot (first tree), or nSlots plus its first position in `leafItems`. */
  first: 0,
  /** Children or items; the top bit marks a leaf. */
  count: 1,
  /** rank = scale x (codes of the centroid . query) + bias: the order in which nodes are visited. */
  scale: 2,
  bias: 3,
  /** base = this x (codes . query): the inner product of the query with the point that sketches are relative to. */
  base: 4,
} as const;
export const LEAF_BIT = 0x8000_0000;

/** The trees of a compact forest. Children of a node are neighbours, and always come after it. */
export interface NodeTable {
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  /** One row of int8 codes a node. */
  readonly centroids: Int8Array;
  /** The same, four codes a word, when dimensions are a multiple of four. */
  readonly centroidWords: Int32Array | undefined;
  /** [first child, number of children] of every root. */
  readonly roots: Uint32Array;
  readonly count: number;
  /** Slots of the leaves of trees 1 and up, `slotBits` bits each, least significant first. */
  readonly leafItems: Uint32Array;
  readonly slotBits: number;
  readonly largestLeaf: number;
  readonly leaves: number;
}

/** Bits that name any of `nSlots` slots. */
export function bitsOfSlot(nSlots: number): number {
  return Math.max(1, 32 - Math.clz32(Math.max(0, nSlots - 1)));
}

/**
 * Opens and checks the node sections. The layout leaves no room for circles or shared nodes, and the check uses that:
 * the roots' children come first, then the children of every split node in the order of their parents, each range
 * beginning where the one before ended; likewise leaves take the slots (first tree) and the packed positions (later
 * trees) one range after another. O(nodes).
 *
 * @throws ArtifactError `CORRUPT_FOREST`
 */
export function openNodes(artifact: Artifact): NodeTable {
  const { nTrees, nSlots, dimensions } = artifact.header;
  const words = requireView(artifact, "nodes", Uint32Array);
  if (words.length % NODE_WORDS !== 0) {
    throw corrupt(`Section nodes has ${words.length} words, not a multiple of ${NODE_WORDS}.`);
  }
  const count = words.length / NODE_WORDS;
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  const centroids = requireView(artifact, "centroids", Int8Array, count * dimensions);
  const centroidWords =
    dimensions % 4 === 0
      ? new Int32Array(centroids.buffer, centroids.byteOffset, centroids.length / 4)
      : undefined;
  const roots = requireView(artifact, "roots", Uint32Array, nTrees * 2);
  const slotBits = bitsOfSlot(nSlots);
  const packed = sectionBytes(artifact, "leafItems");
  const leafItems = packed ? viewOf(packed, Uint32Array, "leafItems") : new Uint32Array(0);
  let nextChild = 0;
  let nextSlot = 0;
  let nextPacked = nSlots;
  let largestLeaf = 0;
  let leaves = 0;
  for (let t = 0; t < nTrees; t++) {
    if (roots[t * 2] !== nextChild) throw corrupt(`The children of root ${t} are out of order.`);
    nextChild += roots[t * 2 + 1]!;
  }
  for (let i = 0; i < count; i++) {
    const at = i * NODE_WORDS;
    if (!Number.isFinite(floats[at + NODE.scale]! + floats[at + NODE.bias]! + floats[at + NODE.base]!)) {
      throw corrupt(`Node ${i} has a factor that is not a number.`);
    }
    const first = words[at + NODE.first]!;
    const size = words[at + NODE.count]! & ~LEAF_BIT;
    if (words[at + NODE.count]! & LEAF_BIT) {
      const expected = first < nSlots ? nextSlot : nextPacked;
      if (first !== expected && size > 0) {
        throw corrupt(`Leaf ${i} begins at ${first}; the leaves before it end at ${expected}.`);
      }
      if (first < nSlots) nextSlot += size;
      else nextPacked += size;
      largestLeaf = Math.max(largestLeaf, size);
      leaves++;
    } else {
      if (first !== nextChild || first <= i || size === 0) {
        throw corrupt(`Split node ${i} has its children at ${first}; ${nextChild} is expected.`);
      }
      nextChild += size;
    }
  }
  if (nextChild !== count || nextSlot !== nSlots || nextPacked !== nSlots * nTrees) {
    throw corrupt(`The nodes hold ${nextSlot} of ${nSlots} vectors and ${nextChild} of ${count} nodes.`);
  }
  const packedWords = Math.ceil((nSlots * (nTrees - 1) * slotBits) / 32);
  if (leafItems.length !== packedWords) {
    throw corrupt(`Section leafItems has ${leafItems.length} words; ${packedWords} are expected.`);
  }
  return { words, floats, centroids, centroidWords, roots, count, leafItems, slotBits, largestLeaf, leaves };
}

/** The slot at a position of bit-packed `leafItems`. */
export function unpackSlot(packed: Uint32Array, bits: number, position: number): number {
  const bit = position * bits;
  const word = Math.floor(bit / 32);
  const shift = bit & 31;
  const low = packed[word]! >>> shift;
  const value = shift + bits > 32 ? low | (packed[word + 1]! << (32 - shift)) : low;
  return bits === 32 ? value >>> 0 : value & ((1 << bits) - 1);
}

function corrupt(message: string): ArtifactError {
  return new ArtifactError("CORRUPT_FOREST", message);
}
