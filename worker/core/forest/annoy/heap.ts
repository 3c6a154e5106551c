/**
 * Annoy's priority queue of (priority, node): the largest priority first, of equal ones the larger node number.
 * Binary heap over two typed arrays that grow and are kept.
 */
export class NodeHeap {
  private priorities = new Float64Array(256);
  private nodes = new Uint32Array(256);
  private count = 0;

  get size(): number {
    return this.count;
  }

  clear(): void {
    this.count = 0;
  }

  /** Priority of the first entry; the heap must not be empty. */
  get topPriority(): number {
    return this.priorities[0]!;
  }

  push(priority: number, node: number): void {
    if (this.count === this.nodes.length) this.grow();
    const { priorities, nodes } = this;
    let i = this.count++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const p = priorities[parent]!;
      if (p > priority || (p === priority && nodes[parent]! > node)) break;
      priorities[i] = p;
      nodes[i] = nodes[parent]!;
      i = parent;
    }
    priorities[i] = priority;
    nodes[i] = node;
  }

  /** Removes the first entry and returns its node; the heap must not be empty. */
  pop(): number {
    const { priorities, nodes } = this;
    const first = nodes[0]!;
    const last = --this.count;
    const priority = priorities[last]!;
    const node = nodes[last]!;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= last) break;
      if (child + 1 < last) {
        const p = priorities[child]!;
        const right = priorities[child + 1]!;
        if (right > p || (right === p && nodes[child + 1]! > nodes[child]!)) child++;
      }
      const p = priorities[child]!;
      if (p < priority || (p === priority && nodes[child]! < node)) break;
      priorities[i] = p;
      nodes[i] = nodes[child]!;
      i = child;
    }
    priorities[i] = priority;
    nodes[i] = node;
    return first;
  }

  private grow(): void {
    const priorities = new Float64Array(this.priorities.length * 2);
    priorities.set(this.priorities);
    this.priorities = priorities;
    const nodes = new Uint32Array(this.nodes.length * 2);
    nodes.set(this.nodes);
    this.nodes = nodes;
  }
}
