import { readFileSync, writeFileSync } from "node:fs";
import { compileText, MODULES } from "../../build/numeric/compile.ts";

// Compiles each .wat of build/numeric/ to the .wasm beside it, which is committed.
const folder = new URL("../../build/numeric/", import.meta.url);
for (const name of MODULES) {
  const wasm = await compileText(readFileSync(new URL(`${name}.wat`, folder), "utf8"));
  writeFileSync(new URL(`${name}.wasm`, folder), wasm);
  console.log(`${name}.wasm: ${wasm.byteLength} bytes`);
}
