import { readFileSync } from "node:fs";

/** The few parts of WebAssembly's API that are used; Node's own types leave them to the DOM's. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

export interface WithMemory {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
}

/** Scores of rows against columns: kernels.wat. Arguments are places in memory, in bytes, and numbers. */
export interface Kernels extends WithMemory {
  dots(rows: number, nRows: number, cols: number, nCols: number, stride: number, out: number): void;
  taxicabs(rows: number, nRows: number, cols: number, nCols: number, stride: number, out: number): void;
  products(
    rows: number,
    nRows: number,
    cols: number,
    nCols: number,
    stride: number,
    out: number,
    unit: number,
  ): void;
  pack(floats: number, count: number, scale: number, to: number): void;
  largest(scores: number, nRows: number, nCols: number, biases: number, out: number): void;
  select(
    scores: number,
    nRows: number,
    nCols: number,
    first: number,
    total: number,
    sign: number,
    biases: number,
    thresholds: number,
    out: number,
  ): number;
}

/** Functions of codes.wat, which make codes. */
export interface Codes extends WithMemory {
  rotate(
    values: number,
    bits: number,
    block: number,
    norm: number,
    signs: number,
    rounds: number,
    spare: number,
  ): void;
  fit(row: number, stride: number, inverse: number, out: number): void;
  bytes(row: number, stride: number, inverse: number, out: number): number;
  nibbles(row: number, stride: number, inverse: number, out: number): void;
  signs(values: number, centres: number, bits: number, out: number): void;
}

interface Modules {
  readonly kernels: Kernels;
  readonly codes: Codes;
}
export type ModuleName = keyof Modules;

const api = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
const compiled = new Map<ModuleName, object>();

/** A new instance of a module, with a page of memory at first; compiled once a thread. */
export function instantiate<N extends ModuleName>(name: N): Modules[N] {
  let module = compiled.get(name);
  if (!module) {
    module = new api.Module(readFileSync(new URL(`./${name}.wasm`, import.meta.url)));
    compiled.set(name, module);
  }
  return new api.Instance(module).exports as Modules[N]; // the modules are ours: see the .wat of each
}

/** Sees to it that a module has `bytes` of memory, and returns all of it. */
export function memoryOf({ memory }: WithMemory, bytes: number): ArrayBuffer {
  const pages = Math.ceil(bytes / 65_536);
  const have = memory.buffer.byteLength / 65_536;
  if (pages > have) memory.grow(pages - have);
  return memory.buffer;
}
