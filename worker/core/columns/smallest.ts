/**
 * The k first of the numbers 0 to n - 1 in an order, sorted. Near O(n) for small k, O(n log k) at worst.
 *
 * @param compare never 0 for two different numbers
 */
export function smallest(n: number, k: number, compare: (a: number, b: number) => number): number[] {
  // A heap whose root is the last of those that are kept.
  const heap: number[] = [];
  for (let i = 0; i < n; i++) {
    if (heap.length < k) {
      heap.push(i);
      rise(heap, compare);
    } else if (k > 0 && compare(i, heap[0]!) < 0) {
      heap[0] = i;
      sink(heap, compare);
    }
  }
  return heap.sort(compare);
}

function rise(heap: number[], compare: (a: number, b: number) => number): void {
  for (let at = heap.length - 1; at > 0; ) {
    const parent = (at - 1) >>> 1;
    if (compare(heap[at]!, heap[parent]!) <= 0) return;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

function sink(heap: number[], compare: (a: number, b: number) => number): void {
  for (let at = 0; ; ) {
    const left = 2 * at + 1;
    if (left >= heap.length) return;
    const right = left + 1;
    const child = right < heap.length && compare(heap[right]!, heap[left]!) > 0 ? right : left;
    if (compare(heap[child]!, heap[at]!) <= 0) return;
    [heap[at], heap[child]] = [heap[child]!, heap[at]!];
    at = child;
  }
}
