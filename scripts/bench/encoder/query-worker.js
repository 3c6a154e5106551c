import { openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import plain from "../../../worker/core/embedding/encoder/kernel/plain.wasm";
import relaxed from "../../../worker/core/embedding/encoder/kernel/relaxed.wasm";
import { openKernel } from "../../../worker/core/embedding/encoder/kernel.ts";

let encoders;

/**
 * Opens the encoder file that is posted with both kernels, then embeds the query of the address as often as it says: the
 * clock stands still in here, so CPU is counted outside.
 */
export default {
  async fetch(request) {
    if (request.method === "POST") {
      const file = new Uint8Array(await request.arrayBuffer());
      const open = (kernel) => openEncoder(file, openKernel(kernel));
      encoders = { relaxed: open(relaxed), plain: open(plain) };
      return new Response("opened");
    }
    const { kernel, query, times } = Object.fromEntries(new URL(request.url).searchParams);
    const encoder = encoders[kernel];
    const out = new Float32Array(encoder.identity.dimensions);
    for (let i = Number(times); i > 0; i--) encoder.embedInto(query, out);
    return Response.json({ tokens: encoder.countTokens(query), memoryBytes: encoder.memoryBytes });
  },
};
