import { readFileSync } from "node:fs";

/** The few parts of WebAssembly's API that are used; Node's own types leave them to the DOM's. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

export interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly dots: Kernel;
  readonly taxicabs: Kernel;
  rotate(
    values: number,
    bits: number,
    block: number,
    norm: number,
    signs: number,
    rounds: number,
    spare: number,
  ): void;
  select(
    scores: number,
    nRows: number,
    nCols: number,
    sign: number,
    biases: number,
    thresholds: number,
    out: number,
  ): number;
}
type Kernel = (rows: number, nRows: number, cols: number, nCols: number, stride: number, out: number) => void;

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
   * Scores rows as {@link score} does and calls `take` with every one that reaches its column's threshold, all being
   * multiplied by `sign` and raised by the row's bias first. A few others may come as well, and are for `take` to refuse.
   */
  select(
    source: Float32Array,
    rows: Uint32Array,
    from: number,
    count: number,
    sign: number,
    biasOf: (row: number) => number,
    take: (column: number, row: number, score: number) => void,
  ): void;
  /** What the scores of a column must reach; every score does until this is set. */
  setThreshold(column: number, threshold: number): void;
}

/** Columns whose coordinates stay in the processor's first cache while rows go by. */
const BLOCK_COLUMNS = 64;

const api = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
let compiled: object | undefined;

/** A new instance of the module, with a page of memory. */
export function instantiate(): Exports {
  compiled ??= new api.Module(readFileSync(new URL("./kernels.wasm", import.meta.url)));
  return new api.Instance(compiled).exports as unknown as Exports; // the module is ours: kernels.wat
}

/** @param kind `dot`: inner products; `taxicab`: Manhattan distances */
export function createKernel(dimensions: number, kind: "dot" | "taxicab" = "dot"): ScoreKernel {
  const wasm = instantiate();
  const lanes = Math.ceil(dimensions / 4) * 4;
  const stride = lanes * 4;
  const rowsAt = 0;
  const colsAt = BLOCK_ROWS * stride;
  let outAt = colsAt;
  let thresholdsAt = colsAt;
  let biasesAt = colsAt;
  let placesAt = colsAt;
  let columnCount = 0;
  let memory = new Float32Array(0);
  const kernel = kind === "dot" ? wasm.dots : wasm.taxicabs;
  function loadRows(source: Float32Array, rows: Uint32Array, from: number, count: number): void {
    for (let r = 0; r < count; r++) {
      const at = rows[from + r]! * dimensions;
      memory.set(source.subarray(at, at + dimensions), r * lanes);
    }
  }
  const self: ScoreKernel = {
    width: 0,
    setColumns(columns, count) {
      self.width = Math.ceil(count / 4) * 4;
      columnCount = count;
      outAt = colsAt + self.width * stride;
      thresholdsAt = outAt + BLOCK_ROWS * self.width * 4;
      biasesAt = thresholdsAt + self.width * 4;
      placesAt = biasesAt + BLOCK_ROWS * 4;
      const pages = Math.ceil((placesAt + BLOCK_ROWS * BLOCK_COLUMNS) / 65_536);
      const have = wasm.memory.buffer.byteLength / 65_536;
      if (pages > have) wasm.memory.grow(pages - have);
      memory = new Float32Array(wasm.memory.buffer);
      memory.fill(0, 0, outAt / 4);
      memory.fill(Number.POSITIVE_INFINITY, thresholdsAt / 4, thresholdsAt / 4 + self.width);
      memory.fill(Number.NEGATIVE_INFINITY, thresholdsAt / 4, thresholdsAt / 4 + count);
      for (let c = 0; c < count; c++) {
        memory.set(columns.subarray(c * dimensions, (c + 1) * dimensions), colsAt / 4 + c * lanes);
      }
    },
    score(source, rows, from, count) {
      // The loops of the module begin with a block: nothing to score must not reach them.
      if (self.width === 0 || count === 0) return memory.subarray(0, 0);
      loadRows(source, rows, from, count);
      kernel(rowsAt, count + (count & 1), colsAt, self.width, stride, outAt);
      return memory.subarray(outAt / 4, outAt / 4 + count * self.width);
    },
    select(source, rows, from, count, sign, biasOf, take) {
      loadRows(source, rows, from, count);
      for (let r = 0; r < count; r++) memory[biasesAt / 4 + r] = biasOf(rows[from + r]!);
      const places = new Uint32Array(wasm.memory.buffer, placesAt, (BLOCK_ROWS * BLOCK_COLUMNS) / 4);
      for (let first = 0; first < self.width && count > 0; first += BLOCK_COLUMNS) {
        const width = Math.min(BLOCK_COLUMNS, self.width - first);
        kernel(rowsAt, count + (count & 1), colsAt + first * stride, width, stride, outAt);
        const thresholds = thresholdsAt + first * 4;
        const found = wasm.select(outAt, count, width, sign, biasesAt, thresholds, placesAt);
        for (let i = 0; i < found; i++) {
          const place = places[i]!;
          const r = Math.floor(place / width);
          const column = first + (place - r * width);
          const last = Math.min(4, columnCount - column);
          const bias = memory[biasesAt / 4 + r]!;
          for (let lane = 0; lane < last; lane++) {
            const score = Math.fround(sign * memory[outAt / 4 + place + lane]! + bias);
            if (score >= memory[thresholdsAt / 4 + column + lane]!)
              take(column + lane, rows[from + r]!, score);
          }
        }
      }
    },
    setThreshold(column, threshold) {
      memory[thresholdsAt / 4 + column] = threshold;
    },
  };
  return self;
}
