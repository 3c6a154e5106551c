import { type Artifact, requireView, sectionBytes } from "../../format/artifact.ts";
import type { Metric } from "../../format/constants.ts";
import { atUnitLength, lengthOf } from "../metrics.ts";
import { type PreparedQuery, prepareQuery } from "../query.ts";
import { openSlots, type SlotTable } from "../slots.ts";
import { openVectors, type VectorStore } from "../vectors.ts";
import type { Scale } from "./gather.ts";
import { type NodeTable, openNodes } from "./nodes.ts";
import { openSketches, type Sketches } from "./sketches.ts";

/** The opened sections of a compact forest, and a query as they know it. */
export interface CompactParts {
  readonly vectors: VectorStore | undefined;
  readonly finer: VectorStore | undefined;
  /** What full scores come from: the resident vectors, else the finer ones. */
  readonly scorer: VectorStore | undefined;
  readonly slots: SlotTable;
  readonly nodes: NodeTable;
  readonly sketches: Sketches | undefined;
  readonly translation: Float32Array | undefined;
  /** What full scores take. Written to scratch: good until the next query. */
  prepare(query: Float32Array): PreparedQuery;
  /** A prepared query's vector as nodes and sketches know it; likewise. */
  walkedOf(vector: Float32Array): Float32Array;
  /** How bounds compare with full scores, and how far above estimates they lie. */
  scaleOf(walked: Float32Array): { readonly scale: Scale; readonly margin: number };
}

/** @throws ArtifactError when sections are missing, of the wrong length or inconsistent */
export function openParts(artifact: Artifact): CompactParts {
  const { metric, dimensions } = artifact.header;
  const vectors = openVectors(artifact, "vectors");
  const finer = openVectors(artifact, "rescore");
  const slots = openSlots(artifact);
  const nodes = openNodes(artifact);
  const sketches = openSketches(artifact);
  const translation = sectionBytes(artifact, "translation")
    ? requireView(artifact, "translation", Float32Array, dimensions)
    : undefined;
  // Typed arrays of a query's size lie outside the heap, and cost more than what is computed in them.
  const unitQuery = new Float32Array(dimensions);
  const pairs = new Int32Array(dimensions >>> 1);
  const translated = new Float32Array(translation ? dimensions : 0);
  return {
    vectors,
    finer,
    scorer: vectors ?? finer,
    slots,
    nodes,
    sketches,
    translation,
    prepare: (query) =>
      prepareQuery(metric, metric === "angular" ? atUnitLength(query, unitQuery) : query, pairs),
    walkedOf(vector) {
      if (!translation) return vector;
      for (let i = 0; i < dimensions; i++) translated[i] = vector[i]! - translation[i]!;
      return translated;
    },
    scaleOf(walked) {
      const length = lengthOf(walked);
      const margin = sketches ? sketches.margin * length : 0;
      if (!Number.isFinite(margin))
        return { scale: { kind: "score", shift: Number.NEGATIVE_INFINITY }, margin: 0 };
      // Estimates are Euclidean: of Manhattan distances they know the order alone.
      if (metric === "manhattan") return { scale: { kind: "order", margin }, margin: 0 };
      return { scale: { kind: "score", shift: shiftOf(metric, length) }, margin };
    },
  };
}

/** By how much bounds lie above scores, for a query of some length. */
export function shiftOf(metric: Metric, length: number): number {
  return metric === "euclidean" ? (length * length) / 2 : 0;
}
