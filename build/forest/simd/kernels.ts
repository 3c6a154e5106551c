import { readFileSync } from "node:fs";

/** The few parts of WebAssembly's API that are used; Node's own types leave them to the DOM's. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly dots: Kernel;
  readonly taxicabs: Kernel;
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
}

const api = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
let compiled: object | undefined;

/** @param kind `dot`: inner products; `taxicab`: Manhattan distances */
export function createKernel(dimensions: number, kind: "dot" | "taxicab" = "dot"): ScoreKernel {
  compiled ??= new api.Module(readFileSync(new URL("./kernels.wasm", import.meta.url)));
  const wasm = new api.Instance(compiled).exports as unknown as Exports; // the module is ours: kernels.wat
  const lanes = Math.ceil(dimensions / 4) * 4;
  const stride = lanes * 4;
  const rowsAt = 0;
  const colsAt = BLOCK_ROWS * stride;
  let outAt = colsAt;
  let memory = new Float32Array(0);
  const kernel = kind === "dot" ? wasm.dots : wasm.taxicabs;
  const self: ScoreKernel = {
    width: 0,
    setColumns(columns, count) {
      self.width = Math.ceil(count / 4) * 4;
      outAt = colsAt + self.width * stride;
      const pages = Math.ceil((outAt + BLOCK_ROWS * self.width * 4) / 65_536);
      const have = wasm.memory.buffer.byteLength / 65_536;
      if (pages > have) wasm.memory.grow(pages - have);
      memory = new Float32Array(wasm.memory.buffer);
      memory.fill(0, 0, outAt / 4);
      for (let c = 0; c < count; c++) {
        memory.set(columns.subarray(c * dimensions, (c + 1) * dimensions), colsAt / 4 + c * lanes);
      }
    },
    score(source, rows, from, count) {
      // The loops of the module begin with a block: nothing to score must not reach them.
      if (self.width === 0 || count === 0) return memory.subarray(0, 0);
      for (let r = 0; r < count; r++) {
        const at = rows[from + r]! * dimensions;
        memory.set(source.subarray(at, at + dimensions), r * lanes);
      }
      kernel(rowsAt, count + (count & 1), colsAt, self.width, stride, outAt);
      return memory.subarray(outAt / 4, outAt / 4 + count * self.width);
    },
  };
  return self;
}
