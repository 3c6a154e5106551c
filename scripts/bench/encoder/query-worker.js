import { openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import { openKernel } from "../../../worker/core/embedding/encoder/kernel.ts";
import file from "./encoder.bin";
import kernel from "./kernel.wasm";

const encoder = openEncoder(new Uint8Array(file), openKernel(kernel));
const out = new Float32Array(encoder.identity.dimensions);

/** Embeds the query of the address as often as it says: the clock stands still in here, so CPU is counted outside. */
export default {
  fetch(request) {
    const { searchParams } = new URL(request.url);
    const query = searchParams.get("query");
    for (let i = Number(searchParams.get("times")); i > 0; i--) encoder.embedInto(query, out);
    return Response.json({ tokens: encoder.countTokens(query), memoryBytes: encoder.memoryBytes });
  },
};
