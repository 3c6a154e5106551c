/**
 * The best few of many scores: a binary heap with the worst kept entry at its root, over arrays made once.
 * Larger scores are better; of equal scores the smaller key (item or slot) is.
 */
export class TopScores {
  private readonly scores: Float64Array;
  private readonly keys: Uint32Array;
  size = 0;

  constructor(capacity: number) {
    this.scores = new Float64Array(capacity);
    this.keys = new Uint32Array(capacity);
  }

  /** What a new entry must reach; -Infinity while there is room. */
  get threshold(): number {
    return this.size < this.scores.length ? Number.NEGATIVE_INFINITY : this.scores[0]!;
  }

  push(score: number, key: number): void {
    if (this.size < this.scores.length) {
      let i = this.size++;
      while (i > 0) {
        const parent = (i - 1) >> 1;
        if (!this.worse(score, key, parent)) break;
        this.move(parent, i);
        i = parent;
      }
      this.set(i, score, key);
    } else if (this.size > 0 && !this.worse(score, key, 0)) {
      this.sink(0, this.size, score, key);
    }
  }

  /** The kept keys, best first; the heap is empty afterwards. */
  sorted(): Uint32Array {
    const keys = new Uint32Array(this.size);
    while (this.size > 0) {
      const end = --this.size;
      keys[end] = this.keys[0]!;
      if (end > 0) this.sink(0, end, this.scores[end]!, this.keys[end]!);
    }
    return keys;
  }

  /** Whether (score, key) is worse than entry `i`. */
  private worse(score: number, key: number, i: number): boolean {
    const other = this.scores[i]!;
    return score < other || (score === other && key > this.keys[i]!);
  }

  private sink(from: number, size: number, score: number, key: number): void {
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && this.worse(this.scores[child + 1]!, this.keys[child + 1]!, child)) child++;
      if (this.worse(score, key, child)) break;
      this.move(child, i);
      i = child;
    }
    this.set(i, score, key);
  }

  private move(from: number, to: number): void {
    this.scores[to] = this.scores[from]!;
    this.keys[to] = this.keys[from]!;
  }

  private set(i: number, score: number, key: number): void {
    this.scores[i] = score;
    this.keys[i] = key;
  }
}
