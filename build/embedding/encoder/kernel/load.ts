import { readFile } from "node:fs/promises";
import { type Kernel, openKernel } from "../../../../worker/core/embedding/encoder/kernel.ts";

/** The part of WebAssembly's API that is used; Node's own types leave it to the DOM's. */
interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<object>;
  validate(bytes: Uint8Array): boolean;
}

const FOLDER = new URL("../../../../worker/core/embedding/encoder/kernel/", import.meta.url);
const compiled = new Map<string, Promise<object>>();

/** Loads the compiled kernel: with relaxed SIMD where the engine has it, unless `flavour` names one. Both give the same vectors. */
export async function kernelModule(flavour?: "relaxed" | "plain"): Promise<object> {
  const { WebAssembly: api } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };
  const read = (name: string): Promise<Uint8Array> => readFile(new URL(`${name}.wasm`, FOLDER));
  const name = flavour ?? (api.validate(await read("relaxed")) ? "relaxed" : "plain");
  let module = compiled.get(name);
  if (!module) {
    module = read(name).then((bytes) => api.compile(bytes));
    compiled.set(name, module);
  }
  return module;
}

/** Loads a kernel of its own for one encoder. */
export async function loadKernel(flavour?: "relaxed" | "plain"): Promise<Kernel> {
  return openKernel(await kernelModule(flavour));
}
