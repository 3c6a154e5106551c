import { closeSync, ftruncateSync, openSync } from "node:fs";
import { dot } from "../../worker/core/forest/annoy/distances.ts";
import { packBits, unpackBits } from "../../worker/core/forest/query.ts";
import { type AnnoyLayout, NODE_WORDS, nodeLayout } from "../../worker/core/format/annoy.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { readRangeSync } from "../artifact/file-bytes.ts";
import { messageOf } from "../settings/errors.ts";
import { renumberTree } from "./assemble.ts";
import type { GrownTree } from "./grow.ts";
import { growTrees, itemNumbers } from "./grow-trees.ts";
import { type ItemStore, Presence } from "./item-store.ts";
import { readAnnoy } from "./read.ts";
import type { ItemNumbers } from "./splits.ts";
import type { TreeInput } from "./tree-work.ts";
import { putTreeNode, writeWhole } from "./write.ts";

/**
 * Items in the file that becomes the index: nodes are written as they are added, trees as they are grown, so that
 * neither vectors nor trees need to fit into memory. Threads read vectors through a cache of 64 MB each.
 *
 * @throws AnnoyEdgeError `CANNOT_WRITE`
 */
export function diskStore(path: string, name: AnnoyLayout, dimensions: number): ItemStore {
  const layout = nodeLayout(name, dimensions);
  const { metric } = layout;
  const presence = new Presence();
  const fd = openOrExplain(path);
  const node = new ArrayBuffer(layout.size);
  const bytes = new Uint8Array(node);
  const words = new Uint32Array(node);
  const floats = new Float32Array(node);
  const vectorAt = layout.vector >>> 2;
  let closed = false;

  const writeItem = (item: number) => writeWhole(fd, bytes, item * layout.size);

  /** Sets what dot's transform adds to every item, and the holes, once all items are there. */
  const completeDot = (numbers: ItemNumbers, nItems: number) => {
    const part = new Float32Array(3);
    const hole = Math.fround(Math.sqrt(numbers.largestSquare));
    part[1] = numbers.largestSquare;
    new Uint8Array(part.buffer)[8] = 1;
    const length = name === "dot" ? 12 : 4;
    for (let item = 0; item < nItems; item++) {
      part[0] = presence.has(item) ? numbers.factors[item]! : hole;
      writeWhole(fd, new Uint8Array(part.buffer, 0, length), item * layout.size + 12);
    }
  };

  return {
    get nItems() {
      return presence.nItems;
    },
    put(item, vector) {
      bytes.fill(0);
      words[0] = 1;
      if (metric === "hamming") words.set(packBits(vector), vectorAt);
      else floats.set(vector, vectorAt);
      if (metric === "angular") floats[1] = dot(vector, 0, vector, dimensions);
      writeItem(item);
      presence.add(item);
    },
    has: (item) => presence.has(item),
    row(item) {
      const out = new ArrayBuffer(layout.vectorBytes);
      // Zeros stay where the file ends: an item there was never added.
      readRangeSync(fd, new Uint8Array(out), item * layout.size + layout.vector);
      if (metric !== "hamming") return new Float32Array(out);
      return unpackBits(new Uint32Array(out), 0, new Float32Array(dimensions));
    },
    async build(seed, options) {
      const { nItems } = presence;
      ftruncateSync(fd, nItems * layout.size);
      const input: TreeInput = {
        metric,
        dimensions,
        layout: name,
        nItems,
        rows: {
          kind: "file",
          path,
          nodeBytes: layout.size,
          vectorOffset: layout.vector,
          count: nItems,
        },
        items: presence.items(),
        seed,
      };
      const numbers = itemNumbers(input);
      if (metric === "dot") completeDot(numbers, nItems);
      let written = nItems;
      const roots: number[] = [];
      const copies: Uint8Array[] = [];
      await growTrees({ ...input, numbers }, options, (tree) => {
        const nodes = treeBytes(tree, name, dimensions, nItems, written - nItems);
        writeWhole(fd, nodes, written * layout.size);
        written += nodes.byteLength / layout.size;
        roots.push(written - 1);
        copies.push(nodes.slice(-layout.size));
      });
      for (const [t, copy] of copies.entries()) writeWhole(fd, copy, (written + t) * layout.size);
      ftruncateSync(fd, (written + copies.length) * layout.size);
      return {
        nTrees: roots.length,
        open() {
          const data = readAnnoy(path, { dimensions, metric, layout: name });
          // As freshly built: the trees' own roots, in order, not what a loader finds.
          return { ...data, trees: { ...data.trees, roots: Uint32Array.from(roots) } };
        },
      };
    },
    unbuild: () => ftruncateSync(fd, presence.nItems * layout.size),
    close() {
      if (!closed) closeSync(fd);
      closed = true;
    },
  };
}

function openOrExplain(path: string): number {
  try {
    return openSync(path, "w+");
  } catch (cause) {
    throw new AnnoyEdgeError("CANNOT_WRITE", `Cannot write ${path}: ${messageOf(cause)}.`, { cause });
  }
}

/** A grown tree as nodes of a file in which `before` tree nodes come first. */
function treeBytes(
  tree: GrownTree,
  name: AnnoyLayout,
  dimensions: number,
  nItems: number,
  before: number,
): Uint8Array {
  const layout = nodeLayout(name, dimensions);
  const count = tree.nodes.length / NODE_WORDS;
  const buffer = new ArrayBuffer(count * layout.size);
  const words = new Uint32Array(buffer);
  const floats = new Float32Array(buffer);
  const nodes = renumberTree(tree, layout.maxBucket, nItems, { nodes: before, lists: 0, planes: 0 });
  // See assembleTrees for why the older layout of dot gets no factors.
  const offsets = name === "dot-1.17" ? new Float32Array(tree.offsets.length) : tree.offsets;
  const trees = { ...tree, nodes, offsets, layout: name, dimensions, nItems };
  for (let i = 0; i < count; i++) {
    putTreeNode(trees, nItems + i, (i * layout.size) >>> 2, words, floats);
  }
  return new Uint8Array(buffer);
}
