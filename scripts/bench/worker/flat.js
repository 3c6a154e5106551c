/** Items of the k largest scores, best first, of a scan. */
export function bestItems(scores, count, k) {
  const items = new Array(k).fill(-1);
  const best = new Float64Array(k).fill(Number.NEGATIVE_INFINITY);
  for (let row = 0; row < count; row++) {
    const score = scores[row];
    if (score <= best[k - 1]) continue;
    let j = k - 1;
    for (; j > 0 && best[j - 1] < score; j--) {
      best[j] = best[j - 1];
      items[j] = items[j - 1];
    }
    best[j] = score;
    items[j] = row;
  }
  return items;
}
