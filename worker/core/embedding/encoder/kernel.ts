/** Functions of the kernel; arguments are places in its memory, in bytes, and numbers. See build/embedding/encoder/kernel/. */
export interface KernelFunctions {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** 1 when activations are bytes (relaxed SIMD), 2 when they are 16-bit numbers. */
  readonly activationBytes: { readonly value: number };
  products(
    acts: number,
    params: number,
    weights: number,
    scales: number,
    sums: number,
    biases: number,
    out: number,
    tokens: number,
    columns: number,
    rows: number,
  ): void;
  quantise(from: number, rows: number, columns: number, to: number, params: number): void;
  gelu(x: number, count: number): void;
  addNorm(
    x: number,
    y: number,
    gamma: number,
    beta: number,
    rows: number,
    columns: number,
    epsilon: number,
  ): void;
  softmax(x: number, rows: number, count: number, stride: number): void;
  transpose(
    from: number,
    fromBytes: number,
    rows: number,
    columns: number,
    to: number,
    toBytes: number,
  ): void;
  multiply(
    a: number,
    aBytes: number,
    b: number,
    bBytes: number,
    c: number,
    cBytes: number,
    rows: number,
    inner: number,
    columns: number,
  ): void;
}

/** The part of WebAssembly's API that is used: neither Node's types nor those of a pure room have it. */
interface WebAssemblyApi {
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/** An instance of the kernel: one an encoder, as its memory holds the weights. */
export interface Kernel {
  readonly functions: KernelFunctions;
  /**
   * The place where an encoder file of so many bytes belongs. Whoever writes the file there spares `openEncoder` a copy. The
   * view is of use until the kernel is asked for more.
   */
  reserve(bytes: number): Uint8Array;
  /** All memory, which has at least `bytes` bytes afterwards. */
  require(bytes: number): ArrayBuffer;
}

/** The file lies behind nothing that is used, so that no place is 0. */
export const FILE_PLACE = 64;
const PAGE = 65_536;

/** @param module compiled from relaxed.wasm or plain.wasm, of which only the speed differs */
export function openKernel(module: object): Kernel {
  const { WebAssembly: api } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };
  const functions = new api.Instance(module).exports as KernelFunctions; // the modules are ours
  const require = (bytes: number): ArrayBuffer => {
    const { memory } = functions;
    const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
    if (missing > 0) memory.grow(missing);
    return memory.buffer;
  };
  return {
    functions,
    require,
    reserve: (bytes) => new Uint8Array(require(FILE_PLACE + bytes), FILE_PLACE, bytes),
  };
}
