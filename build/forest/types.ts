import type { Metric } from "../../worker/core/format/constants.ts";

/** Vectors to index. Row r of `vectors` (row-major, over shared memory so that worker threads see it) is item `items[r]`, or r. */
export interface ForestInput {
  readonly vectors: Float32Array<SharedArrayBuffer>;
  readonly dimensions: number;
  readonly metric: Metric;
  /** Ascending item numbers of the rows, when there are holes. */
  readonly items?: Uint32Array;
  /** Vectors of texts as people type them, row-major: `searchK` is to find the neighbours of these, too. */
  readonly texts?: Float32Array<SharedArrayBuffer>;
}
