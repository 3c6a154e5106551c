/** The k best of many scores, kept in a heap whose root is the worst of them. Equal scores: the smaller item is better. */
export interface Top {
  readonly k: number;
  readonly items: Uint32Array;
  readonly scores: Float64Array;
  size: number;
  /** What a score must exceed to enter; negative infinity until k are there. */
  threshold: number;
}

export function createTop(k: number): Top {
  return {
    k,
    items: new Uint32Array(k),
    scores: new Float64Array(k),
    size: 0,
    threshold: Number.NEGATIVE_INFINITY,
  };
}

/** Offers an item. Items come in ascending order, so an equal score never enters. */
export function offer(top: Top, item: number, score: number): void {
  if (!(score > top.threshold)) return;
  const { items, scores, k } = top;
  let at: number;
  if (top.size < k) {
    at = top.size++;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isWorse(score, item, scores[parent]!, items[parent]!)) break;
      scores[at] = scores[parent]!;
      items[at] = items[parent]!;
      at = parent;
    }
  } else {
    at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= k) break;
      if (child + 1 < k && isWorse(scores[child + 1]!, items[child + 1]!, scores[child]!, items[child]!))
        child++;
      if (!isWorse(scores[child]!, items[child]!, score, item)) break;
      scores[at] = scores[child]!;
      items[at] = items[child]!;
      at = child;
    }
  }
  scores[at] = score;
  items[at] = item;
  if (top.size === k) top.threshold = scores[0]!;
}

function isWorse(score: number, item: number, otherScore: number, otherItem: number): boolean {
  return score < otherScore || (score === otherScore && item > otherItem);
}

/** What was kept, best first. */
export function drainTop(top: Top): { items: number[]; scores: number[] } {
  const order = Array.from({ length: top.size }, (_, i) => i).sort(
    (x, y) => top.scores[y]! - top.scores[x]! || top.items[x]! - top.items[y]!,
  );
  return { items: order.map((i) => top.items[i]!), scores: order.map((i) => top.scores[i]!) };
}
