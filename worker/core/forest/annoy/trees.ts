import {
  ANNOY_LAYOUTS,
  ANNOY_NODES_HEADER,
  ANNOY_NODES_HEADER_BYTES,
  type AnnoyLayout,
  hasItemFactors,
  hasOffsets,
  NODE_WORDS,
  nodeLayout,
  ZERO_PLANE,
} from "../../format/annoy.ts";
import { type Artifact, requireBytes, requireView } from "../../format/artifact.ts";
import { MAX_ITEMS, type Metric } from "../../format/constants.ts";
import { ArtifactError } from "../../format/errors.ts";

/** The trees of an Annoy index: views over sections `annoyNodes` and `annoyRoots`. */
export interface AnnoyTrees {
  readonly layout: AnnoyLayout;
  readonly metric: Metric;
  readonly dimensions: number;
  readonly nItems: number;
  /** Annoy's node count: items, tree nodes and copies of roots. */
  readonly nodeCount: number;
  /** Four words a tree node, from node number `nItems` on: descendants, first, second, plane. */
  readonly nodes: Uint32Array;
  /** Item numbers of all buckets. */
  readonly lists: Uint32Array;
  /** One number a plane; empty when the metric has none. */
  readonly offsets: Float32Array;
  /** `dimensions` numbers a plane; empty for hamming. */
  readonly planes: Float32Array;
  /** One number a storage slot (angular: squared length, dot: extra coordinate), or empty. */
  readonly itemFactors: Float32Array;
  /** Node numbers in the order in which Annoy's loader finds them. */
  readonly roots: Uint32Array;
}

function corrupt(message: string): ArtifactError {
  return new ArtifactError("CORRUPT_FOREST", message);
}

/**
 * Opens and checks the trees of an artifact of forest kind `annoy`. Afterwards every number in them can be followed
 * without a check. Linear in the size of the sections.
 *
 * @throws ArtifactError `CORRUPT_FOREST`
 */
export function openAnnoyTrees(artifact: Artifact): AnnoyTrees {
  const { metric, dimensions, nItems, nSlots, nTrees } = artifact.header;
  const bytes = requireBytes(artifact, "annoyNodes");
  if (bytes.byteLength < ANNOY_NODES_HEADER_BYTES) {
    throw corrupt(`Section annoyNodes has ${bytes.byteLength} bytes, fewer than its header.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const layout = ANNOY_LAYOUTS[view.getUint32(ANNOY_NODES_HEADER.layout, true)];
  if (!layout || nodeLayout(layout, dimensions).metric !== metric) {
    throw corrupt(
      `Annoy layout ${view.getUint32(ANNOY_NODES_HEADER.layout, true)} does not fit metric ${metric}.`,
    );
  }
  const nodeCount = view.getUint32(ANNOY_NODES_HEADER.nodeCount, true);
  const listEntries = view.getUint32(ANNOY_NODES_HEADER.listEntries, true);
  const planeCount = view.getUint32(ANNOY_NODES_HEADER.planes, true);
  const factorCount = view.getUint32(ANNOY_NODES_HEADER.itemFactors, true);
  if (nodeCount < nItems || nodeCount > MAX_ITEMS)
    throw corrupt(`${nodeCount} Annoy nodes for ${nItems} items.`);
  if (factorCount !== 0 && (factorCount !== nSlots || !hasItemFactors(metric))) {
    throw corrupt(`${factorCount} item factors for ${nSlots} vectors of metric ${metric}.`);
  }
  const words = (nodeCount - nItems) * NODE_WORDS;
  const offsetCount = hasOffsets(metric) ? planeCount : 0;
  const planeValues = metric === "hamming" ? 0 : planeCount * dimensions;
  const expected =
    ANNOY_NODES_HEADER_BYTES + 4 * (words + listEntries + offsetCount + planeValues + factorCount);
  if (bytes.byteLength !== expected) {
    throw corrupt(
      `Section annoyNodes has ${bytes.byteLength} bytes; its counts (${nodeCount - nItems} tree nodes, ${listEntries} list entries, ${planeCount} planes) make ${expected}.`,
    );
  }
  let at = bytes.byteOffset + ANNOY_NODES_HEADER_BYTES;
  const nodes = new Uint32Array(bytes.buffer, at, words);
  at += nodes.byteLength;
  const lists = new Uint32Array(bytes.buffer, at, listEntries);
  at += lists.byteLength;
  const offsets = new Float32Array(bytes.buffer, at, offsetCount);
  at += offsets.byteLength;
  const planes = new Float32Array(bytes.buffer, at, planeValues);
  at += planes.byteLength;
  const itemFactors = new Float32Array(bytes.buffer, at, factorCount);
  const roots = requireView(artifact, "annoyRoots", Uint32Array, nTrees);
  const trees: AnnoyTrees = {
    layout,
    metric,
    dimensions,
    nItems,
    nodeCount,
    nodes,
    lists,
    offsets,
    planes,
    itemFactors,
    roots,
  };
  checkTrees(trees, metric === "hamming" ? Math.ceil(dimensions / 64) * 64 : planeCount);
  return trees;
}

/**
 * Checks every node and that the roots lead to trees: no node is met twice in one tree (so nothing is a cycle), and
 * none belongs to more than two (a root and its copy). So a search that visits everything visits at most twice the
 * nodes.
 *
 * @throws ArtifactError `CORRUPT_FOREST`
 */
export function checkTrees(trees: AnnoyTrees, planeLimit: number): void {
  const { layout, dimensions, nItems, nodeCount, nodes, lists, roots } = trees;
  const { maxBucket } = nodeLayout(layout, dimensions);
  for (let node = nItems, w = 0; node < nodeCount; node++, w += NODE_WORDS) {
    const descendants = nodes[w]!;
    const first = nodes[w + 1]!;
    const second = nodes[w + 2]!;
    const plane = nodes[w + 3]!;
    if (descendants <= maxBucket) {
      if (second !== descendants || first + second > lists.length) {
        throw corrupt(`Node ${node} lists ${second} items from entry ${first} of ${lists.length}.`);
      }
    } else {
      if (first >= nodeCount || second >= nodeCount) {
        throw corrupt(`Node ${node} has children ${first} and ${second} of ${nodeCount} nodes.`);
      }
      if (plane >= planeLimit && !(plane === ZERO_PLANE && trees.metric !== "hamming"))
        throw corrupt(`Node ${node} names plane ${plane} of ${planeLimit}.`);
    }
  }
  for (let i = 0; i < lists.length; i++) {
    if (lists[i]! >= nItems) throw corrupt(`A bucket lists item ${lists[i]} of ${nItems}.`);
  }
  const seenFrom = new Int32Array(nodeCount - nItems).fill(-1);
  const visits = new Uint8Array(nodeCount - nItems);
  // Depth first, at most one sibling a level waits: but levels may be as many as nodes.
  let stack = new Uint32Array(1024);
  for (let r = 0; r < roots.length; r++) {
    const root = roots[r]!;
    if (root >= nodeCount) throw corrupt(`Root ${r} is node ${root} of ${nodeCount}.`);
    let size = 0;
    stack[size++] = root;
    while (size > 0) {
      const node = stack[--size]!;
      if (node < nItems) continue;
      const t = node - nItems;
      if (seenFrom[t] === r) {
        throw corrupt(`Node ${node} occurs twice in the tree of root ${root}: a cycle, or a shared child.`);
      }
      if (++visits[t]! > 2) throw corrupt(`Node ${node} belongs to more than two trees.`);
      seenFrom[t] = r;
      const w = t * NODE_WORDS;
      if (nodes[w]! <= maxBucket) continue;
      if (size + 2 > stack.length) {
        const larger = new Uint32Array(stack.length * 2);
        larger.set(stack);
        stack = larger;
      }
      stack[size++] = nodes[w + 1]!;
      stack[size++] = nodes[w + 2]!;
    }
  }
}
