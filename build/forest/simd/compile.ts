import wabt from "wabt";

/** WebAssembly text to binary; used by `npm run build:simd` and by the test that holds the committed binary to its source. */
export async function compileKernels(text: string): Promise<Uint8Array> {
  const toolkit = await wabt();
  const module = toolkit.parseWat("kernels.wat", text, { simd: true });
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}
