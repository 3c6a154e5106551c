import file from "../../../artifacts/encoder-en/encoder.bin";
import { openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import plain from "../../../worker/core/embedding/encoder/kernel/plain.wasm";
import relaxed from "../../../worker/core/embedding/encoder/kernel/relaxed.wasm";
import { openKernel } from "../../../worker/core/embedding/encoder/kernel.ts";

const open = (kernel) => openEncoder(new Uint8Array(file), openKernel(kernel));
const encoders = { relaxed: open(relaxed), plain: open(plain) };

/** Embeds the query of the address as often as it says: the clock stands still in here, so CPU is counted outside. */
export default {
  fetch(request) {
    const parameters = Object.fromEntries(new URL(request.url).searchParams);
    const encoder = encoders[parameters.kernel];
    const out = new Float32Array(encoder.identity.dimensions);
    for (let i = Number(parameters.times); i > 0; i--) encoder.embedInto(parameters.query, out);
    return Response.json({
      tokens: encoder.countTokens(parameters.query),
      memoryBytes: encoder.memoryBytes,
    });
  },
};
