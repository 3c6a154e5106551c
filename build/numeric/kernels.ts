// biome-ignore-all lint/complexity/useMaxParams: functions of WebAssembly have positional parameters.
import { instantiate, memoryOf } from "./instantiate.ts";

/** Rows whose scores are computed in one call: the block of scores stays in the processor's cache. */
export const BLOCK_ROWS = 64;

/**
 * Scores of blocks of rows against a set of columns (centroids, queries), in WebAssembly SIMD: about eight times
 * plain JavaScript. One instance belongs to one thread.
 */
export interface ScoreKernel {
  /** Copies the columns in: `count` rows of `dimensions` numbers. */
  setColumns(columns: Float32Array, count: number): void;
  /**
   * Scores `count` rows (at most {@link BLOCK_ROWS}), listed by number in `rows`, against every column. Returns a view
   * of count x `width` scores that the next call overwrites; `width` is the number of columns rounded up to four.
   */
  score(source: Float32Array, rows: Uint32Array, from: number, count: number): Float32Array;
  width: number;
  /**
   * Scores rows as {@link score} does, and writes into `labels`, from `from` on, the column that each has the largest score
   * with, its bias added; of equals the first.
   */
  label(
    source: Float32Array,
    rows: Uint32Array,
    from: number,
    count: number,
    biases: Float32Array,
    labels: Uint32Array,
  ): void;
  /**
   * Scores rows as {@link score} does, and finds those scores that reach their column's threshold, all being multiplied by
   * `sign` and raised by the row's bias first.
   */
  select(
    source: Float32Array,
    rows: Uint32Array,
    from: number,
    count: number,
    sign: number,
    biases: Float32Array,
  ): Selected;
  /** Sets the least score of a column; every score passes until then. */
  setThreshold(column: number, threshold: number): void;
}

/** Scores that were found: views that the next call overwrites. */
export interface Selected {
  readonly count: number;
  /** Entry i has at 2 i its place: the row's, counted from `from`, times `width`, plus the column. */
  readonly places: Uint32Array;
  /** Entry i has at 2 i + 1 its score. */
  readonly scores: Float32Array;
}

/** Columns whose coordinates stay in the processor's first cache while rows go by. */
const BLOCK_COLUMNS = 64;

/** `dot`: inner products; `unit`: of vectors no longer than 1, in half the time, to a ten-thousandth of a hundredth or so. */
export type KernelKind = "dot" | "unit" | "taxicab";

/** A length of 1 in 16 bits. */
const SHORT = 32_767;

export function createKernel(dimensions: number, kind: KernelKind = "dot"): ScoreKernel {
  const wasm = instantiate("kernels");
  const short = kind === "unit";
  const lanes = short ? Math.ceil(dimensions / 8) * 8 : Math.ceil(dimensions / 4) * 4;
  const stride = lanes * (short ? 2 : 4);
  // Rows come as float32, and are packed from there.
  const rowsAt = short ? BLOCK_ROWS * lanes * 4 : 0;
  const colsAt = rowsAt + BLOCK_ROWS * stride;
  let outAt = colsAt;
  let thresholdsAt = colsAt;
  let biasesAt = colsAt;
  let foundAt = colsAt;
  let columnBiasesAt = colsAt;
  let foundPlaces = new Uint32Array(0);
  let foundScores = new Float32Array(0);
  let memory = new Float32Array(0);
  const kernel = short
    ? (rows: number, nRows: number, cols: number, nCols: number, stride: number, out: number) =>
        wasm.products(rows, nRows, cols, nCols, stride, out, 1 / SHORT ** 2)
    : kind === "dot"
      ? wasm.dots
      : wasm.taxicabs;
  function loadRows(source: Float32Array, rows: Uint32Array, from: number, count: number): void {
    for (let r = 0; r < count; r++) {
      const at = rows[from + r]! * dimensions;
      memory.set(source.subarray(at, at + dimensions), r * lanes);
    }
    if (short) wasm.pack(0, count * lanes, SHORT, rowsAt);
  }
  function score(source: Float32Array, rows: Uint32Array, from: number, count: number): void {
    loadRows(source, rows, from, count);
    kernel(rowsAt, count + (count & 1), colsAt, self.width, stride, outAt);
  }
  const self: ScoreKernel = {
    width: 0,
    setColumns(columns, count) {
      self.width = Math.ceil(count / 4) * 4;
      outAt = colsAt + self.width * stride;
      thresholdsAt = outAt + BLOCK_ROWS * self.width * 4;
      biasesAt = thresholdsAt + self.width * 4;
      foundAt = biasesAt + BLOCK_ROWS * 4;
      columnBiasesAt = foundAt + BLOCK_ROWS * self.width * 8;
      memory = new Float32Array(memoryOf(wasm, columnBiasesAt + self.width * 4));
      foundPlaces = new Uint32Array(memory.buffer, foundAt, BLOCK_ROWS * self.width * 2);
      foundScores = new Float32Array(memory.buffer, foundAt, BLOCK_ROWS * self.width * 2);
      memory.fill(0, 0, outAt / 4);
      memory.fill(Number.POSITIVE_INFINITY, thresholdsAt / 4, thresholdsAt / 4 + self.width);
      memory.fill(Number.NEGATIVE_INFINITY, thresholdsAt / 4, thresholdsAt / 4 + count);
      for (let c = 0; c < count; c++) {
        const column = columns.subarray(c * dimensions, (c + 1) * dimensions);
        memory.set(column, short ? 0 : colsAt / 4 + c * lanes);
        if (short) wasm.pack(0, lanes, SHORT, colsAt + c * stride);
      }
    },
    score(source, rows, from, count) {
      // The loops of the module begin with a block: nothing to score must not reach them.
      if (self.width === 0 || count === 0) return memory.subarray(0, 0);
      score(source, rows, from, count);
      return memory.subarray(outAt / 4, outAt / 4 + count * self.width);
    },
    label(source, rows, from, count, biases, labels) {
      if (self.width === 0 || count === 0) return;
      score(source, rows, from, count);
      // Columns that only fill up a group of four win nothing.
      memory.fill(Number.NEGATIVE_INFINITY, columnBiasesAt / 4, columnBiasesAt / 4 + self.width);
      memory.set(biases, columnBiasesAt / 4);
      wasm.largest(outAt, count, self.width, columnBiasesAt, foundAt);
      labels.set(new Uint32Array(memory.buffer, foundAt, count), from);
    },
    select(source, rows, from, count, sign, biases) {
      loadRows(source, rows, from, count);
      memory.set(biases.subarray(0, count), biasesAt / 4);
      let found = 0;
      for (let first = 0; first < self.width && count > 0; first += BLOCK_COLUMNS) {
        const width = Math.min(BLOCK_COLUMNS, self.width - first);
        kernel(rowsAt, count + (count & 1), colsAt + first * stride, width, stride, outAt);
        const thresholds = thresholdsAt + first * 4;
        const at = foundAt + found * 8;
        found += wasm.select(outAt, count, width, first, self.width, sign, biasesAt, thresholds, at);
      }
      return { count: found, places: foundPlaces, scores: foundScores };
    },
    setThreshold(column, threshold) {
      memory[thresholdsAt / 4 + column] = threshold;
    },
  };
  return self;
}
