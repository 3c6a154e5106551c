import wabt from "wabt";
import { floatFunctions } from "./floats.ts";
import { activationBytes, type Flavour, products, quantise } from "./products.ts";

/** The two binaries that `npm run build:simd` writes into worker/core/embedding/encoder/kernel/. */
export const FLAVOURS: Readonly<Record<"relaxed" | "plain", Flavour>> = {
  relaxed: { relaxed: true },
  plain: { relaxed: false },
};

/** The encoder's kernel as a WebAssembly module with a memory of its own. */
export async function compileKernel(flavour: Flavour): Promise<Uint8Array> {
  const text = [
    "(module",
    '(memory (export "memory") 1)',
    `(global (export "activationBytes") i32 (i32.const ${activationBytes(flavour)}))`,
    products(flavour),
    quantise(flavour),
    floatFunctions(),
    ")",
  ].join("\n");
  const toolkit = await wabt();
  const module = toolkit.parseWat("encoder.wat", text, { simd: true, relaxed_simd: true });
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}
