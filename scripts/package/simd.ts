import { readFileSync, writeFileSync } from "node:fs";
import { compileText, MODULES } from "../../build/kernels/compile.ts";

// Compiles each .wat of build/kernels/ to the .wasm beside it, which is committed.
const folder = new URL("../../build/kernels/", import.meta.url);
for (const name of MODULES) {
  const wasm = await compileText(readFileSync(new URL(`${name}.wat`, folder), "utf8"));
  writeFileSync(new URL(`${name}.wasm`, folder), wasm);
  console.log(`${name}.wasm: ${wasm.byteLength} bytes`);
}
