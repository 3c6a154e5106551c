import { vectorStore } from "../../worker/core/forest/vector-stores.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import type { Task } from "../threads/pool.ts";
import { type EncodedRows, encodeResiduals, encodeRows } from "./codecs.ts";

/** Encodes some rows, and what the codes lack of them. */
export interface EncodeTask extends Task<EncodedPart> {
  readonly kind: "encode";
  readonly metric: Metric;
  readonly codec: "float32" | "int8" | "int4";
  readonly residuals?: "int8" | "int4";
  readonly vectors: Float32Array;
  readonly dimensions: number;
  /** Rows in the order of their slots. */
  readonly list: Uint32Array;
}

export interface EncodedPart {
  readonly rows: EncodedRows;
  readonly residuals?: EncodedRows;
}

export function encodePart({ metric, codec, residuals, vectors, dimensions, list }: EncodeTask): EncodedPart {
  const rows = encodeRows(metric, codec, vectors, dimensions, list);
  if (!residuals) return { rows };
  const coded = vectorStore({
    metric,
    codec,
    dimensions,
    count: list.length,
    bytes: rows.vectors,
    scales: rows.scales,
    norms: undefined,
  });
  return { rows, residuals: encodeResiduals(residuals, vectors, dimensions, list, coded) };
}
