/** Modules of bytes, which wrangler bundles as ArrayBuffer. */
declare module "*.bin" {
  const bytes: ArrayBuffer;
  export default bytes;
}

/** Files as text, which Vite inlines. */
declare module "*?raw" {
  const text: string;
  export default text;
}

/** WebAssembly, compiled when it is bundled. */
declare module "*.wasm" {
  const module: object;
  export default module;
}
