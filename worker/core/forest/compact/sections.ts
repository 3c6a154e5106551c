import { type Artifact, requireView, sectionBytes } from "../../format/artifact.ts";
import type { Metric } from "../../format/constants.ts";
import { atUnitLength, lengthOf } from "../metrics.ts";
import { type PreparedQuery, prepareQuery } from "../query.ts";
import { openSlots, type SlotTable } from "../slots.ts";
import type { VectorStore } from "../vector-stores.ts";
import { openVectors } from "../vectors.ts";
import type { Scale } from "./gather.ts";
import { type NodeTable, openNodes } from "./nodes.ts";
import { openSketches, type Sketches } from "./sketches.ts";

/** The opened sections of a compact forest, and the forms of a query that they take. */
export interface CompactSections {
  readonly vectors: VectorStore | undefined;
  /** The rescoring vectors, where they are in memory. */
  readonly rescore: VectorStore | undefined;
  /** Vectors that full scores come from: those of the codec, else the rescoring ones. */
  readonly scorer: VectorStore | undefined;
  readonly slots: SlotTable;
  readonly nodes: NodeTable;
  readonly sketches: Sketches | undefined;
  readonly translation: Float32Array | undefined;
  /** Returns the form that full scores take. It lies in scratch, valid until the next query. */
  prepare(query: Float32Array): PreparedQuery;
  /** Returns a prepared query's vector less the translation, which nodes and sketches take; in scratch as well. */
  walkedOf(vector: Float32Array): Float32Array;
  /** Returns the relation of bounds to full scores, and their height above estimates. */
  scaleOf(walked: Float32Array): { readonly scale: Scale; readonly margin: number };
}

/** @throws ArtifactError when sections are missing, of the wrong length or inconsistent */
export function openSections(artifact: Artifact): CompactSections {
  const { metric, dimensions } = artifact.header;
  const vectors = openVectors(artifact, "vectors");
  const rescore = openVectors(artifact, "rescore");
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
    rescore,
    scorer: vectors ?? rescore,
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

/** Height of bounds above scores, for a query of a length. */
export function shiftOf(metric: Metric, length: number): number {
  return metric === "euclidean" ? (length * length) / 2 : 0;
}
