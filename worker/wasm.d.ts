/** WebAssembly that wrangler compiles when it bundles the Worker. */
declare module "*.wasm" {
  const module: object;
  export default module;
}
