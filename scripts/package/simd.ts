import { readFileSync, writeFileSync } from "node:fs";
import { compileKernel, FLAVOURS } from "../../build/embedding/encoder/kernel/module.ts";
import { compileText, MODULES } from "../../build/numeric/compile.ts";

// Compiles each .wat of build/numeric/ and that of the bench to the .wasm beside it, and the encoder's kernel, both
// flavours, to worker/core/embedding/encoder/kernel/. The binaries are committed.
for (const name of [
  ...MODULES.map((module) => `build/numeric/${module}`),
  "scripts/bench/worker/flat-int8",
]) {
  const file = new URL(`../../${name}.wasm`, import.meta.url);
  write(file, await compileText(readFileSync(new URL(`../../${name}.wat`, import.meta.url), "utf8")));
}
const kernels = new URL("../../worker/core/embedding/encoder/kernel/", import.meta.url);
for (const [name, flavour] of Object.entries(FLAVOURS)) {
  write(new URL(`${name}.wasm`, kernels), await compileKernel(flavour));
}

function write(file: URL, wasm: Uint8Array): void {
  writeFileSync(file, wasm);
  console.log(`${file.pathname.split("/").at(-1)}: ${wasm.byteLength} bytes`);
}
