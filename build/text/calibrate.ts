import type { Metric } from "../../worker/core/format/constants.ts";
import { readDocuments } from "../artifact/documents.ts";
import type { Embedder } from "../embedding/index.ts";
import { type Calibration, calibrateFusion } from "../keyword/calibrate.ts";
import type { TextOptions } from "./options.ts";

/**
 * Weights of keyword and vector results for this corpus; undefined when one side is missing, or the vectors
 * were made elsewhere and no text can be embedded as they were.
 */
export async function calibrate(
  path: string,
  { metric, embedder, vectorOf, nItems, seed }: CalibrateInput,
  { keyword }: TextOptions,
): Promise<Calibrated> {
  if (!embedder) return {};
  return calibrateFusion({
    documents: readDocuments(path),
    nItems,
    metric,
    embedder,
    vectorOf,
    seed,
    ...(typeof keyword === "object" && { keyword }),
  });
}

/** Undefined where nothing was measured. */
export type Calibrated = Partial<Calibration>;

interface CalibrateInput {
  readonly metric: Metric;
  /** Absent: no text can be embedded as the documents were. */
  readonly embedder: Embedder | undefined;
  /** The vector of an item, which is not changed afterwards. */
  readonly vectorOf: (item: number) => Float32Array;
  readonly nItems: number;
  readonly seed: number;
}
