import { readFileSync, writeFileSync } from "node:fs";
import { compileKernel, FLAVOURS } from "../../build/embedding/encoder/kernel/module.ts";
import { compileText, MODULES } from "../../build/numeric/compile.ts";

// Compiles each .wat of build/numeric/ to the .wasm beside it, and the encoder's kernel, both flavours, to
// worker/core/embedding/encoder/kernel/. The binaries are committed.
const folder = new URL("../../build/numeric/", import.meta.url);
for (const name of MODULES) {
  const text = readFileSync(new URL(`${name}.wat`, folder), "utf8");
  write(new URL(`${name}.wasm`, folder), await compileText(text));
}
const kernels = new URL("../../worker/core/embedding/encoder/kernel/", import.meta.url);
for (const [name, flavour] of Object.entries(FLAVOURS)) {
  write(new URL(`${name}.wasm`, kernels), await compileKernel(flavour));
}

function write(file: URL, wasm: Uint8Array): void {
  writeFileSync(file, wasm);
  console.log(`${file.pathname.split("/").at(-1)}: ${wasm.byteLength} bytes`);
}
