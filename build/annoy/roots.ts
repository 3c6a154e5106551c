import type { AnnoyTrees } from "../../worker/core/forest/annoy/trees.ts";
import { type SlotTable, slotOf } from "../../worker/core/forest/slots.ts";
import { NODE_WORDS, nodeLayout } from "../../worker/core/format/annoy.ts";

/** Fields of an index's nodes. */
interface NodeFields {
  descendants(node: number): number;
  firstChild(node: number): number;
}

/**
 * The roots that annoylib.h's loader finds among so many nodes: from the last one back while the number of descendants
 * stays the same; then the last one found is dropped when its first child is that of the first one found (it is the
 * original of the last root). In small indexes it finds originals and copies.
 */
export function loadedRoots(nodeCount: number, { descendants, firstChild }: NodeFields): number[] {
  const ofRoot = descendants(nodeCount - 1);
  const found: number[] = [];
  for (let node = nodeCount - 1; node >= 0 && descendants(node) === ofRoot; node--) found.push(node);
  if (found.length > 1 && firstChild(found[0]!) === firstChild(found.at(-1)!)) found.pop();
  return found;
}

/** The roots that a loader would find in the file of these trees. */
export function treeRoots(trees: AnnoyTrees, slots: SlotTable): Uint32Array {
  const { nItems, nodeCount, nodes, lists, itemFactors } = trees;
  const { maxBucket, metric } = nodeLayout(trees.layout, trees.dimensions);
  const descendants = (node: number): number => {
    if (node >= nItems) return nodes[(node - nItems) * NODE_WORDS]!;
    return slotOf(slots, node) < 0 ? 0 : 1;
  };
  const bits = new DataView(new ArrayBuffer(4));
  const firstChild = (node: number): number => {
    if (node < nItems) {
      // Where other metrics have an item's first child, angular keeps its squared length.
      const slot = slotOf(slots, node);
      bits.setFloat32(0, metric === "angular" && slot >= 0 ? itemFactors[slot]! : 0);
      return bits.getUint32(0);
    }
    const w = (node - nItems) * NODE_WORDS;
    if (nodes[w]! > maxBucket) return nodes[w + 1]!;
    return nodes[w + 2] === 0 ? 0 : lists[nodes[w + 1]!]!;
  };
  return Uint32Array.from(loadedRoots(nodeCount, { descendants, firstChild }));
}
