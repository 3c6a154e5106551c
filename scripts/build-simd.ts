import { readFileSync, writeFileSync } from "node:fs";
import { compileKernels } from "../build/forest/simd/compile.ts";

// Compiles build/forest/simd/kernels.wat to the kernels.wasm beside it, which is committed.
const folder = new URL("../build/forest/simd/", import.meta.url);
const wasm = await compileKernels(readFileSync(new URL("kernels.wat", folder), "utf8"));
writeFileSync(new URL("kernels.wasm", folder), wasm);
console.log(`kernels.wasm: ${wasm.byteLength} bytes`);
