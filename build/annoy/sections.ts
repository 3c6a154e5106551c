import { ANNOY_NODES_HEADER, nodeLayout } from "../../worker/core/format/annoy.ts";
import type { CertifiedRecall } from "../../worker/core/format/meta.ts";
import type { BuiltForest } from "../artifact/folder-files.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { vectorSections } from "../forest/vector-sections.ts";
import { bytesOf } from "../numeric/arrays.ts";
import type { AnnoyData } from "./read.ts";

export type AnnoyCodec = "float32" | "int8" | "int4";

/** Certificate of an index that was not measured: imported, it answers as Annoy does, whatever its recall. */
const UNMEASURED: CertifiedRecall = {
  target: 0,
  queries: 0,
  heldOut: false,
  rows: [],
  defaultSearchK: 0,
  recallAt1: 0,
  recallAt10: 0,
  recallAt100: 0,
};

/**
 * The artifact's part of an Annoy index: its trees as they are, its vectors under a codec. Default searchK 0 stands
 * for Annoy's own, k times the number of trees.
 */
export function annoySections(data: AnnoyData, codec: AnnoyCodec): BuiltForest {
  const { trees, slots } = data;
  const { metric, dimensions, nItems, roots, layout } = trees;
  const nodes = codec === "float32" ? data.nodeBytes : withoutItemFactors(data);
  const sections: SectionSource[] = [
    { name: "annoyNodes", hot: true, critical: true, bytes: nodes },
    { name: "annoyRoots", hot: true, critical: true, bytes: bytesOf(roots) },
  ];
  if (metric === "hamming" || codec === "float32") {
    const stored = metric === "hamming" ? data.bits : data.vectors;
    sections.push({ name: "vectors", hot: true, bytes: bytesOf(stored) });
  } else {
    const order = Uint32Array.from({ length: slots.nSlots }, (_, i) => i);
    const { vectors } = data;
    sections.push(...vectorSections({ metric, codec, rescore: "none", vectors, dimensions, order }));
  }
  if (slots.slotItems && slots.itemSlots) {
    sections.push({ name: "slotItems", hot: true, bytes: bytesOf(slots.slotItems) });
    sections.push({ name: "itemSlots", hot: true, bytes: bytesOf(slots.itemSlots) });
  }
  const { maxBucket } = nodeLayout(layout, dimensions);
  let leafNodes = 0;
  for (let w = 0; w < trees.nodes.length; w += 4) if (trees.nodes[w]! <= maxBucket) leafNodes++;
  return {
    header: {
      metric,
      codec,
      forestKind: "annoy",
      rescore: "none",
      dimensions,
      nItems,
      nSlots: slots.nSlots,
      nTrees: roots.length,
      defaultSearchK: 0,
      seed: 0,
      leafSize: maxBucket,
      certifiedRecall: 0,
    },
    sections,
    forest: {
      kind: "annoy",
      trees: roots.length,
      splitNodes: trees.nodes.length / 4 - leafNodes,
      leafNodes,
      leafSize: maxBucket,
      seed: 0,
    },
    certified: UNMEASURED,
  };
}

/** The section without Annoy's numbers of each item, which belong to the vectors as they were: they come last. */
function withoutItemFactors({ nodeBytes, trees }: AnnoyData): Uint8Array {
  const bytes = nodeBytes.slice(0, nodeBytes.byteLength - trees.itemFactors.byteLength);
  new DataView(bytes.buffer).setUint32(ANNOY_NODES_HEADER.itemFactors, 0, true);
  return bytes;
}
