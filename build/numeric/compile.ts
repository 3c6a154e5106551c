import wabt from "wabt";
import type { ModuleName } from "./instantiate.ts";

export const MODULES: readonly ModuleName[] = ["kernels", "codes"];

/** WebAssembly text to binary; used by `npm run build:simd` and by the test that holds the committed binaries to their sources. */
export async function compileText(text: string): Promise<Uint8Array> {
  const toolkit = await wabt();
  const module = toolkit.parseWat("module.wat", text, { simd: true });
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}
