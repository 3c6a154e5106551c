import { type Artifact, requireView } from "../../format/artifact.ts";
import type { Metric } from "../../format/constants.ts";
import { ArtifactError } from "../../format/errors.ts";
import { distanceBetween, smallerIsNearer } from "../metrics.ts";
import { type PreparedQuery, packBits, prepareQuery, unpackBits } from "../query.ts";
import { openVectors } from "../vectors.ts";
import {
  angularDistance,
  differingBits,
  dot,
  dot4,
  reportedDistance,
  squaredEuclidean,
  squaredEuclidean4,
  taxicab,
  taxicab4,
} from "./distances.ts";

/** Distances between a query and stored vectors; the query is set once for many slots. */
export interface Scorer {
  setQuery(query: Float32Array): void;
  /** Writes the raw distances (by which Annoy orders: smaller is nearer) of `count` slots. No allocation. */
  score(slots: Uint32Array, count: number, raw: Float64Array): void;
  /** The distance that Annoy reports between the query and a slot, given its raw distance. */
  report(slot: number, raw: number): number;
  /** The distance that Annoy reports between two slots. */
  between(a: number, b: number): number;
  decode(slot: number, out: Float32Array): void;
  /** Whether `report` keeps the order of raw distances. */
  readonly exact: boolean;
}

/** Scores in Annoy's own arithmetic under codec float32 (and for hamming, whose bits every codec keeps). */
export function openScorer(artifact: Artifact, itemFactors: Float32Array): Scorer {
  const { metric, codec, dimensions, nSlots } = artifact.header;
  if (metric === "hamming") {
    const stride = Math.ceil(dimensions / 32);
    return bitScorer(requireView(artifact, "vectors", Uint32Array, nSlots * stride), dimensions);
  }
  if (codec !== "float32") return codedScorer(artifact);
  const values = requireView(artifact, "vectors", Float32Array, nSlots * dimensions);
  return floatScorer(metric, values, dimensions, itemFactors);
}

/** Scores packed bits: ceil(dimensions / 32) words a slot. */
export function bitScorer(words: Uint32Array, dimensions: number): Scorer {
  const stride = Math.ceil(dimensions / 32);
  let bits: Uint32Array = new Uint32Array(stride);
  return {
    exact: true,
    setQuery(query) {
      bits = packBits(query);
    },
    score(slots, count, raw) {
      for (let j = 0; j < count; j++) raw[j] = differingBits(words, slots[j]! * stride, bits, stride);
    },
    report: (_slot, raw) => raw,
    between: (a, b) => differingBits(words, a * stride, words.subarray(b * stride, (b + 1) * stride), stride),
    decode: (slot, out) => void unpackBits(words, slot * stride, out),
  };
}

/** Scores float32 vectors; `itemFactors` are angular's squared lengths, computed when there are none. */
export function floatScorer(
  metric: Metric,
  values: Float32Array,
  dimensions: number,
  itemFactors: Float32Array,
): Scorer {
  const squares = metric === "angular" ? squaredLengths(values, dimensions, itemFactors) : itemFactors;
  const four = new Float32Array(4);
  let q = new Float32Array(dimensions);
  let pp = 0;
  const { one, batch } = kernels(metric);
  // Raw distance from what the kernel of the metric sums up.
  const finish = (sum: number, slot: number): number => {
    if (metric === "angular") return angularDistance(sum, pp, squares[slot]!);
    return metric === "dot" ? -sum : sum;
  };
  return {
    exact: true,
    setQuery(query) {
      q = query as Float32Array<ArrayBuffer>; // only read
      pp = metric === "angular" ? dot(q, 0, q, dimensions) : 0;
    },
    score(slots, count, raw) {
      let j = 0;
      for (; j + 4 <= count; j += 4) {
        const a = slots[j]!;
        const b = slots[j + 1]!;
        const c = slots[j + 2]!;
        const d = slots[j + 3]!;
        batch(values, a * dimensions, b * dimensions, c * dimensions, d * dimensions, q, dimensions, four);
        raw[j] = finish(four[0]!, a);
        raw[j + 1] = finish(four[1]!, b);
        raw[j + 2] = finish(four[2]!, c);
        raw[j + 3] = finish(four[3]!, d);
      }
      for (; j < count; j++) {
        const slot = slots[j]!;
        raw[j] = finish(one(values, slot * dimensions, q, dimensions), slot);
      }
    },
    report: (_slot, raw) => reportedDistance(metric, raw),
    between(a, b) {
      const other = values.subarray(a * dimensions, (a + 1) * dimensions);
      const sum = one(values, b * dimensions, other, dimensions);
      const raw = metric === "angular" ? angularDistance(sum, squares[a]!, squares[b]!) : sum;
      return reportedDistance(metric, metric === "dot" ? -raw : raw);
    },
    decode(slot, out) {
      out.set(values.subarray(slot * dimensions, (slot + 1) * dimensions));
    },
  };
}

function kernels(metric: Metric): { one: typeof dot; batch: typeof dot4 } {
  if (metric === "euclidean") return { one: squaredEuclidean, batch: squaredEuclidean4 };
  if (metric === "manhattan") return { one: taxicab, batch: taxicab4 };
  return { one: dot, batch: dot4 };
}

/** Annoy's stored squared lengths, or their computation where it stored none. */
function squaredLengths(values: Float32Array, dimensions: number, stored: Float32Array): Float32Array {
  const nSlots = values.length / dimensions;
  if (stored.length === nSlots) return stored;
  const squares = new Float32Array(nSlots);
  for (let slot = 0; slot < nSlots; slot++) {
    const at = slot * dimensions;
    squares[slot] = dot(values, at, values.subarray(at, at + dimensions), dimensions);
  }
  return squares;
}

/** Scores of recoded vectors: nearest first by the codec's estimate, distances from the decoded vector. */
function codedScorer(artifact: Artifact): Scorer {
  const { metric, dimensions } = artifact.header;
  const store = openVectors(artifact, "vectors");
  if (!store) throw new ArtifactError("MISSING_SECTION", "The artifact has no section vectors.");
  let prepared: PreparedQuery = prepareQuery(metric, new Float32Array(dimensions));
  let estimates = new Float32Array(0);
  const a = new Float32Array(dimensions);
  const b = new Float32Array(dimensions);
  return {
    exact: false,
    setQuery(query) {
      prepared = prepareQuery(metric, query);
    },
    score(slots, count, raw) {
      if (estimates.length < count) estimates = new Float32Array(Math.max(count, 2 * estimates.length));
      store.score(prepared, slots, count, estimates);
      for (let j = 0; j < count; j++) raw[j] = -estimates[j]!;
    },
    report(slot) {
      store.decode(slot, a);
      return distanceBetween(metric, prepared.vector, a);
    },
    between(i, j) {
      store.decode(i, a);
      store.decode(j, b);
      return distanceBetween(metric, a, b);
    },
    decode: (slot, out) => store.decode(slot, out),
  };
}

/** Orders what a codec estimated by the distances of the decoded vectors; ties by item number. */
export function reorder(metric: Metric, items: number[], distances: number[]): void {
  const sign = smallerIsNearer(metric) ? 1 : -1;
  const order = items.map((_, i) => i);
  order.sort((x, y) => sign * (distances[x]! - distances[y]!) || items[x]! - items[y]!);
  const sortedItems = order.map((i) => items[i]!);
  const sortedDistances = order.map((i) => distances[i]!);
  for (let i = 0; i < order.length; i++) {
    items[i] = sortedItems[i]!;
    distances[i] = sortedDistances[i]!;
  }
}
