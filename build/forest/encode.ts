import { FACTORS, MARGIN_AT } from "../../worker/core/forest/compact/sketches.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { bytesOf } from "../numeric/arrays.ts";
import { type Geometry, meanRow } from "../numeric/geometry.ts";
import type { Pool } from "../threads/pool.ts";
import type { EncodedNodes } from "./nodes.ts";
import type { SketchTask } from "./sketch.ts";

/** Rows of a task: few enough that all threads end at about the same time. */
const CHUNK = 2048;

export interface SketchSettings {
  readonly bits: number;
  readonly seed: number;
  readonly halfSquares: boolean;
  /** Several trees: residuals from one point, the mean of all rows. */
  readonly shared: boolean;
}

/** Result of {@link buildSketches}. */
export interface Sketching {
  readonly sections: SectionSource[];
  /** The mean factor. */
  readonly factor: number;
  setMargin(margin: number): void;
}

/**
 * Sections `sketches` and `sketchFactors`; the mean factor, which is the scale of an estimate's error; and a way to set
 * the margin once it has been measured. Until then every candidate is scored.
 */
export async function buildSketches(
  geometry: Geometry,
  pool: Pool,
  { order, leafOf, centres }: EncodedNodes,
  settings: SketchSettings,
  onProgress: (share: number) => void,
): Promise<Sketching> {
  const { dimensions } = geometry;
  const mean = settings.shared ? meanRow(geometry.rows, dimensions, geometry.width) : undefined;
  const tasks: SketchTask[] = [];
  for (let from = 0; from < order.length; from += CHUNK) {
    const list = order.slice(from, from + CHUNK);
    // Only the centres that these slots use travel to the thread.
    const firstLeaf = leafOf[from]!;
    const lastLeaf = leafOf[from + list.length - 1]!;
    tasks.push({
      kind: "sketch",
      list,
      centreOf: mean
        ? new Uint32Array(list.length)
        : leafOf.subarray(from, from + CHUNK).map((leaf) => leaf - firstLeaf),
      centres: mean ?? centres.slice(firstLeaf * dimensions, (lastLeaf + 1) * dimensions),
      dimensions,
      bits: settings.bits,
      seed: settings.seed,
      halfSquares: settings.halfSquares,
    });
  }
  const parts = await pool.run(tasks, { onDone: (done) => onProgress(done / tasks.length) });
  let largest = 0;
  let sum = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const part of parts) {
    for (const factor of part.factors) {
      largest = Math.max(largest, factor);
      sum += factor;
    }
    for (const offset of part.offsets) {
      low = Math.min(low, offset);
      high = Math.max(high, offset);
    }
  }
  const head = new Float32Array(FACTORS + (mean ? dimensions : 0));
  head.set([settings.bits, largest / 0xffff, low, (high - low) / 0xffff, Number.MAX_VALUE]);
  if (mean) head.set(mean, FACTORS);
  const [, factorStep, offsetLow, offsetStep] = head as unknown as [number, number, number, number];
  const words = settings.bits / 32;
  const stride = words + 1;
  const rows = new Int32Array(order.length * stride);
  let slot = 0;
  for (const part of parts) {
    for (let i = 0; i < part.factors.length; i++, slot++) {
      rows.set(part.codes.subarray(i * words, (i + 1) * words), slot * stride);
      const factor = factorStep > 0 ? Math.round(part.factors[i]! / factorStep) : 0;
      const offset = offsetStep > 0 ? Math.round((part.offsets[i]! - offsetLow) / offsetStep) : 0;
      rows[slot * stride + words] = Math.min(0xffff, factor) | (Math.max(0, Math.min(0xffff, offset)) << 16);
    }
  }
  return {
    sections: [
      { name: "sketches", hot: true, bytes: bytesOf(rows) },
      { name: "sketchFactors", hot: true, bytes: bytesOf(head) },
    ],
    factor: slot > 0 ? sum / slot : 0,
    setMargin: (margin) => {
      head[MARGIN_AT] = margin;
    },
  };
}
