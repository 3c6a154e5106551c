import { bestItems } from "./flat.js";
import scanner from "./flat-int8.wasm";
import { serve } from "./serve.js";

/** Every vector's int8 code scored in WebAssembly SIMD; the query is cut to int8, too. */
export default serve({
  open(bytes, { dimensions, count }) {
    const stride = Math.ceil(dimensions / 16) * 16;
    const { exports } = new WebAssembly.Instance(scanner);
    const scalesAt = count * stride;
    const queryAt = scalesAt + count * 4;
    const outAt = queryAt + stride;
    exports.memory.grow(Math.ceil((outAt + count * 4) / 65536));
    const { buffer } = exports.memory;
    // The file holds the codes, then the scales.
    const codes = new Int8Array(bytes, 0, count * dimensions);
    const memory = new Int8Array(buffer);
    for (let row = 0; row < count; row++) {
      memory.set(codes.subarray(row * dimensions, (row + 1) * dimensions), row * stride);
    }
    memory.set(new Int8Array(bytes, count * dimensions, count * 4), scalesAt);
    const quantised = new Int8Array(buffer, queryAt, stride);
    const scores = new Float32Array(buffer, outAt, count);
    return {
      search(query, k) {
        let largest = 0;
        for (const x of query) largest = Math.max(largest, Math.abs(x));
        for (let i = 0; i < dimensions; i++) quantised[i] = Math.round((query[i] / largest) * 127);
        exports.scan(0, count, stride, queryAt, scalesAt, outAt);
        return bestItems(scores, count, k);
      },
    };
  },
});
