import {
  type AnnoyLayout,
  hasItemFactors,
  NODE_WORDS,
  nodeLayout,
  ZERO_PLANE,
} from "../../worker/forest/annoy/layout.ts";
import { type SlotTable, slotOf } from "../../worker/forest/slots.ts";
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
    for (let w = 0; w < tree.nodes.length; w += NODE_WORDS) {
      const at = node * NODE_WORDS + w;
      const descendants = tree.nodes[w]!;
      const first = tree.nodes[w + 1]!;
      const second = tree.nodes[w + 2]!;
      const ownPlane = tree.nodes[w + 3]!;
      to.nodes[at] = descendants;
      if (descendants <= maxBucket) {
        to.nodes[at + 1] = first + list;
        to.nodes[at + 2] = second;
      } else {
        to.nodes[at + 1] = first < nItems ? first : first + node;
        to.nodes[at + 2] = second < nItems ? second : second + node;
        const shared = metric === "hamming" || ownPlane === ZERO_PLANE;
        to.nodes[at + 3] = shared ? ownPlane : ownPlane + plane;
      }
    }
    to.lists.set(tree.lists, list);
    if (to.offsets.length > 0) to.offsets.set(tree.offsets, plane);
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
