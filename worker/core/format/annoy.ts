import type { Metric } from "./constants.ts";

/**
 * The node layouts of Annoy's files. Position is the number that section `annoyNodes` holds.
 * `dot-1.17` is what releases up to 1.17.3 write, `dot` what the master branch writes since August 2023;
 * `hamming-packed` is 1.16.3 and before, `hamming` 1.17.0 and later.
 */
export const ANNOY_LAYOUTS = [
  "angular",
  "euclidean",
  "manhattan",
  "dot-1.17",
  "dot",
  "hamming-packed",
  "hamming",
] as const;
export type AnnoyLayout = (typeof ANNOY_LAYOUTS)[number];

/** Byte offsets of the fields of one node. Source: annoylib.h, the `Node` of each metric on x86-64. */
export interface NodeLayout {
  readonly name: AnnoyLayout;
  readonly metric: Metric;
  /** Two children, or as many item numbers as fit from here to the end of the node. */
  readonly children: number;
  readonly vector: number;
  readonly vectorBytes: number;
  /** Bytes of a node. */
  readonly size: number;
  /** K: nodes with no more descendants than this list them; others are split nodes. */
  readonly maxBucket: number;
}

const OFFSETS: Record<AnnoyLayout, { metric: Metric; children: number; vector: number }> = {
  angular: { metric: "angular", children: 4, vector: 12 },
  euclidean: { metric: "euclidean", children: 8, vector: 16 },
  manhattan: { metric: "manhattan", children: 8, vector: 16 },
  "dot-1.17": { metric: "dot", children: 4, vector: 16 },
  dot: { metric: "dot", children: 4, vector: 24 },
  "hamming-packed": { metric: "hamming", children: 4, vector: 12 },
  hamming: { metric: "hamming", children: 4, vector: 16 },
};

export function nodeLayout(name: AnnoyLayout, dimensions: number): NodeLayout {
  const { metric, children, vector } = OFFSETS[name];
  const vectorBytes = metric === "hamming" ? Math.ceil(dimensions / 64) * 8 : dimensions * 4;
  const size = vector + vectorBytes;
  return { name, metric, children, vector, vectorBytes, size, maxBucket: (size - children) / 4 };
}

/** The layouts that a metric's files can have, the newest release's first. */
export function layoutsOf(metric: Metric): readonly AnnoyLayout[] {
  if (metric === "dot") return ["dot-1.17", "dot"];
  if (metric === "hamming") return ["hamming", "hamming-packed"];
  return [metric];
}

/** Whether split nodes add a constant to the inner product: Minkowski's offset, dot's factor. */
export function hasOffsets(metric: Metric): boolean {
  return metric === "euclidean" || metric === "manhattan" || metric === "dot";
}

/** Whether items carry a number beside their vector: angular's squared length, dot's extra coordinate. */
export function hasItemFactors(metric: Metric): boolean {
  return metric === "angular" || metric === "dot";
}

/** Section `annoyNodes`: 64 bytes of header, then 16 bytes a node, lists, offsets, planes and item factors. */
export const ANNOY_NODES_HEADER_BYTES = 64;
export const ANNOY_NODES_HEADER = {
  layout: 0,
  nodeCount: 4,
  listEntries: 8,
  planes: 12,
  itemFactors: 16,
} as const;
/** 32-bit words of a node: descendants, first, second, plane. */
export const NODE_WORDS = 4;
/** Plane number of a split node whose normal and offset are all zero. */
export const ZERO_PLANE = 0xffff_ffff;
