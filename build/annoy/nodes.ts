import type { AnnoyTrees } from "../../worker/core/forest/annoy/trees.ts";
import {
  ANNOY_LAYOUTS,
  ANNOY_NODES_HEADER,
  ANNOY_NODES_HEADER_BYTES,
  type AnnoyLayout,
  hasOffsets,
  NODE_WORDS,
  nodeLayout,
} from "../../worker/core/format/annoy.ts";

/** Section `annoyNodes` with the views that fill it. */
export interface AnnoyNodes {
  readonly bytes: Uint8Array;
  readonly trees: AnnoyTrees;
}

export interface NodeCounts {
  readonly layout: AnnoyLayout;
  readonly dimensions: number;
  readonly nItems: number;
  readonly nodeCount: number;
  readonly listEntries: number;
  readonly planes: number;
  readonly itemFactors: number;
  readonly roots: Uint32Array;
}

/** Allocates the section for these counts, header written, everything else zero. */
export function allocateNodes(counts: NodeCounts): AnnoyNodes {
  const { layout, dimensions, nItems, nodeCount, listEntries, planes, itemFactors, roots } = counts;
  const { metric } = nodeLayout(layout, dimensions);
  const words = (nodeCount - nItems) * NODE_WORDS;
  const offsets = hasOffsets(metric) ? planes : 0;
  const planeValues = metric === "hamming" ? 0 : planes * dimensions;
  const length = ANNOY_NODES_HEADER_BYTES + 4 * (words + listEntries + offsets + planeValues + itemFactors);
  const buffer = new ArrayBuffer(length);
  const view = new DataView(buffer);
  view.setUint32(ANNOY_NODES_HEADER.layout, ANNOY_LAYOUTS.indexOf(layout), true);
  view.setUint32(ANNOY_NODES_HEADER.nodeCount, nodeCount, true);
  view.setUint32(ANNOY_NODES_HEADER.listEntries, listEntries, true);
  view.setUint32(ANNOY_NODES_HEADER.planes, planes, true);
  view.setUint32(ANNOY_NODES_HEADER.itemFactors, itemFactors, true);
  let at = ANNOY_NODES_HEADER_BYTES;
  const next = (values: number): number => {
    const start = at;
    at += 4 * values;
    return start;
  };
  return {
    bytes: new Uint8Array(buffer),
    trees: {
      layout,
      metric,
      dimensions,
      nItems,
      nodeCount,
      nodes: new Uint32Array(buffer, next(words), words),
      lists: new Uint32Array(buffer, next(listEntries), listEntries),
      offsets: new Float32Array(buffer, next(offsets), offsets),
      planes: new Float32Array(buffer, next(planeValues), planeValues),
      itemFactors: new Float32Array(buffer, next(itemFactors), itemFactors),
      roots,
    },
  };
}
