import { type SlotTable, slotOf } from "../../worker/core/forest/slots.ts";
import {
  type AnnoyLayout,
  hasItemFactors,
  NODE_WORDS,
  nodeLayout,
  ZERO_PLANE,
} from "../../worker/core/format/annoy.ts";
import type { GrownTree } from "./grow.ts";
import { type AnnoyNodes, allocateNodes } from "./nodes.ts";

/**
 * Joins grown trees into section `annoyNodes` as Annoy lays out its file: the trees one after the other, then a copy
 * of each root (which shares its original's plane and list here).
 */
export function assembleTrees(
  layout: AnnoyLayout,
  dimensions: number,
  slots: SlotTable,
  factors: Float32Array,
  trees: readonly GrownTree[],
): AnnoyNodes {
  const { metric, maxBucket } = nodeLayout(layout, dimensions);
  const { nItems } = slots;
  let treeNodes = 0;
  let listEntries = 0;
  let planes = 0;
  for (const tree of trees) {
    treeNodes += tree.nodes.length / NODE_WORDS;
    listEntries += tree.lists.length;
    planes += tree.offsets.length;
  }
  const roots = new Uint32Array(trees.length);
  const assembled = allocateNodes({
    layout,
    dimensions,
    nItems,
    nodeCount: nItems + treeNodes + trees.length,
    listEntries,
    planes,
    itemFactors: hasItemFactors(metric) ? slots.nSlots : 0,
    roots,
  });
  const to = assembled.trees;
  let node = 0;
  let list = 0;
  let plane = 0;
  for (const [t, tree] of trees.entries()) {
    to.nodes.set(
      renumberTree(tree, maxBucket, nItems, {
        nodes: node,
        lists: list,
        planes: metric === "hamming" ? 0 : plane,
      }),
      node * NODE_WORDS,
    );
    to.lists.set(tree.lists, list);
    // In the older layout of dot a plane's factor would be squared and added to the margin of every query, which its
    // trees do not mean: left zero, that layout is searched as the newer one is.
    if (to.offsets.length > 0 && layout !== "dot-1.17") to.offsets.set(tree.offsets, plane);
    to.planes.set(tree.planes, plane * dimensions);
    node += tree.nodes.length / NODE_WORDS;
    list += tree.lists.length;
    plane += tree.offsets.length;
    roots[t] = nItems + node - 1;
  }
  for (const [t, root] of roots.entries()) {
    const from = (root - nItems) * NODE_WORDS;
    to.nodes.copyWithin((treeNodes + t) * NODE_WORDS, from, from + NODE_WORDS);
  }
  if (to.itemFactors.length > 0) {
    for (let item = 0; item < nItems; item++) {
      const slot = slotOf(slots, item);
      if (slot >= 0) to.itemFactors[slot] = factors[item]!;
    }
  }
  return assembled;
}

/** Numbers of tree nodes, list entries and planes that precede a tree. */
interface Preceding {
  readonly nodes: number;
  readonly lists: number;
  readonly planes: number;
}

/** Returns a tree's nodes with their references moved behind what precedes it. */
export function renumberTree(
  tree: GrownTree,
  maxBucket: number,
  nItems: number,
  before: Preceding,
): Uint32Array {
  const nodes = tree.nodes.slice();
  for (let w = 0; w < nodes.length; w += NODE_WORDS) {
    if (nodes[w]! <= maxBucket) {
      nodes[w + 1]! += before.lists;
      continue;
    }
    if (nodes[w + 1]! >= nItems) nodes[w + 1]! += before.nodes;
    if (nodes[w + 2]! >= nItems) nodes[w + 2]! += before.nodes;
    if (nodes[w + 3] !== ZERO_PLANE) nodes[w + 3]! += before.planes;
  }
  return nodes;
}
