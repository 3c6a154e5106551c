import type { Artifact } from "../../format/artifact.ts";
import { ArtifactError } from "../../format/errors.ts";
import { itemVectors } from "../item-vectors.ts";
import { TopScores } from "../top.ts";
import type { Forest } from "../types.ts";
import { LEAF_BIT, NODE, NODE_WORDS, type NodeTable } from "./nodes.ts";
import { openRescoreReader } from "./rescore.ts";
import { type CompactForest, defaultSearchK, search, searchRescored, vectorsRescored } from "./search.ts";
import { openSections } from "./sections.ts";
import type { Sketches } from "./sketches.ts";

/**
 * Opens our own forest. A search walks the nodes best first, bounds every candidate's score by its sketch, scores by the
 * full vector code those that may still be among the nearest, and computes the distances of the last few from the finest
 * vectors in memory.
 *
 * @throws ArtifactError when sections are missing, of the wrong length or inconsistent
 */
export function openCompact(artifact: Artifact): Forest {
  const { metric, dimensions, nItems, nSlots, nTrees } = artifact.header;
  const sections = openSections(artifact);
  const { vectors, rescore, scorer, slots, nodes, sketches, translation } = sections;
  if (!scorer && !sketches)
    throw new ArtifactError("MISSING_SECTION", "The artifact has neither vectors nor sketches.");
  const stored = rescore ?? vectors;
  const decodeSlot = stored?.decode ?? sketchDecoder(nodes, sketches!, dimensions, nSlots, translation);
  const { decode, ...vectorsByItem } = itemVectors(artifact.header, slots, decodeSlot);
  const rescoreReader = sketches && !scorer ? openRescoreReader(artifact) : undefined;
  const scores = new Float32Array(scorer ? nodes.largestLeaf : 0);
  const top = new TopScores(0);
  const forest: CompactForest = {
    ...{ artifact, sections, rescoreReader, decode, scores, top },
    walk: undefined,
  };
  return {
    artifact,
    metric,
    dimensions,
    nItems,
    nTrees,
    defaultSearchK: (k) => defaultSearchK(artifact.meta.certified, k),
    ...vectorsByItem,
    search: (query, options) => search(forest, query, options),
    ...(rescoreReader && {
      searchRescored: (query, options, read) => searchRescored(forest, query, options, read),
      vectorsRescored: (items, read) => vectorsRescored(forest, items, read),
    }),
  };
}

/**
 * Makes a decoder for forests that have only sketches: it writes the centre that a sketch is relative to, plus the residual's signs. A rotated residual r' with signs s has |r'|_1 / bits
 * as its mean coordinate; for the near-Gaussian coordinates that a random rotation gives, that is 2 / pi times the
 * stored factor. O(bits log bits) a vector.
 */
function sketchDecoder(
  nodes: NodeTable,
  sketches: Sketches,
  dimensions: number,
  nSlots: number,
  translation: Float32Array | undefined,
): (slot: number, row: Float32Array) => void {
  const { words, floats, centroids } = nodes;
  const leaves: number[] = [];
  for (let i = 0; i < nodes.count; i++) {
    const size = words[i * NODE_WORDS + NODE.count]!;
    if (size & LEAF_BIT && size !== LEAF_BIT >>> 0 && words[i * NODE_WORDS + NODE.first]! < nSlots)
      leaves.push(i);
  }
  const rotated = new Float32Array(sketches.rotation.bits);
  return (slot, row) => {
    const at = slot * sketches.stride;
    const code = (sketches.rows[at + sketches.stride - 1]! & 0xffff) * sketches.factorStep * (2 / Math.PI);
    rotated.fill(0);
    for (let i = 0; i < sketches.bits; i++)
      rotated[i] = (sketches.rows[at + (i >>> 5)]! >>> (i & 31)) & 1 ? code : -code;
    sketches.rotation.inverse(rotated);
    for (let i = 0; i < dimensions; i++) row[i] = rotated[i]! + (translation?.[i] ?? 0);
    if (sketches.centre) {
      for (let i = 0; i < dimensions; i++) row[i]! += sketches.centre[i]!;
      return;
    }
    const leaf = leaves[lastAtMost(leaves, slot, words)];
    if (leaf === undefined) return;
    const base = floats[leaf * NODE_WORDS + NODE.base]!;
    for (let i = 0; i < dimensions; i++) row[i]! += centroids[leaf * dimensions + i]! * base;
  };
}

/** Position of the last leaf that begins at or before `slot`. */
function lastAtMost(leaves: readonly number[], slot: number, words: Uint32Array): number {
  let low = 0;
  let high = leaves.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (words[leaves[middle]! * NODE_WORDS + NODE.first]! <= slot) low = middle;
    else high = middle - 1;
  }
  return low;
}
