/** A max-heap of nodes by rank, over arrays made once: the frontier of a best-first walk. */
export class NodeHeap {
  private readonly ranks: Float64Array;
  private readonly nodes: Uint32Array;
  size = 0;

  /** @param capacity every node is pushed at most once, so the number of nodes suffices */
  constructor(capacity: number) {
    this.ranks = new Float64Array(capacity);
    this.nodes = new Uint32Array(capacity);
  }

  push(rank: number, node: number): void {
    const { ranks, nodes } = this;
    let i = this.size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (ranks[parent]! >= rank) break;
      ranks[i] = ranks[parent]!;
      nodes[i] = nodes[parent]!;
      i = parent;
    }
    ranks[i] = rank;
    nodes[i] = node;
  }

  /** Removes and returns the node of the highest rank; the heap must not be empty. */
  pop(): number {
    const { ranks, nodes } = this;
    const result = nodes[0]!;
    const size = --this.size;
    if (size > 0) {
      const rank = ranks[size]!;
      const node = nodes[size]!;
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= size) break;
        if (child + 1 < size && ranks[child + 1]! > ranks[child]!) child++;
        if (ranks[child]! <= rank) break;
        ranks[i] = ranks[child]!;
        nodes[i] = nodes[child]!;
        i = child;
      }
      ranks[i] = rank;
      nodes[i] = node;
    }
    return result;
  }
}
