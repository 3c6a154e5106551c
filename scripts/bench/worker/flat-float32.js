import { serve } from "./serve.js";

/** Every vector scored in plain JavaScript. */
export default serve({
  open(bytes, { dimensions, count }) {
    const rows = new Float32Array(bytes, 0, count * dimensions);
    return {
      search(query, k) {
        const items = new Array(k).fill(-1);
        const best = new Float64Array(k).fill(Number.NEGATIVE_INFINITY);
        for (let row = 0, at = 0; row < count; row++, at += dimensions) {
          const score = dot(rows, at, query);
          if (score > best[k - 1]) insert(items, best, k, row, score);
        }
        return items;
      },
    };
  },
});

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

function insert(items, best, k, row, score) {
  let j = k - 1;
  for (; j > 0 && best[j - 1] < score; j--) {
    best[j] = best[j - 1];
    items[j] = items[j - 1];
  }
  best[j] = score;
  items[j] = row;
}
