import { bestItems } from "./flat.js";
import { serve } from "./serve.js";

/** Every vector scored in plain JavaScript. */
export default serve({
  open(bytes, { dimensions, count }) {
    const rows = new Float32Array(bytes, 0, count * dimensions);
    const scores = new Float64Array(count);
    return {
      search(query, k) {
        for (let row = 0, at = 0; row < count; row++, at += dimensions) scores[row] = dot(rows, at, query);
        return bestItems(scores, count, k);
      },
    };
  },
});

/** Four sums, so that an addition need not wait for the one before. */
function dot(rows, at, query) {
  const length = query.length;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    a += rows[at + i] * query[i];
    b += rows[at + i + 1] * query[i + 1];
    c += rows[at + i + 2] * query[i + 2];
    d += rows[at + i + 3] * query[i + 3];
  }
  for (; i < length; i++) a += rows[at + i] * query[i];
  return a + b + c + d;
}
