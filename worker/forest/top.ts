/**
 * The best few of many scores: a binary heap with the worst kept entry at its root, over arrays made once.
 * Larger scores are better; of equal scores the smaller key (item or slot) is.
 */
export class TopScores {
  private readonly scores: Float64Array;
  private readonly keys: Uint32Array;
  private capacity = 0;
  size = 0;

  constructor(most: number) {
    this.scores = new Float64Array(most);
    this.keys = new Uint32Array(most);
  }

  get most(): number {
    return this.scores.length;
  }

  reset(capacity: number): void {
    this.capacity = Math.min(capacity, this.scores.length);
    this.size = 0;
  }

  /** The score that a new entry must beat; -Infinity while there is room. */
  get threshold(): number {
    return this.size < this.capacity ? Number.NEGATIVE_INFINITY : this.scores[0]!;
  }

  push(score: number, key: number): void {
    if (this.size < this.capacity) {
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

  /** Sorts the entries best first into `keys` and `scores`; the heap is empty afterwards. Returns how many. */
  drain(keys: Uint32Array, scores: Float64Array): number {
    const count = this.size;
    for (let end = count; end > 0; end--) {
      keys[end - 1] = this.keys[0]!;
      scores[end - 1] = this.scores[0]!;
      if (end > 1) this.sink(0, end - 1, this.scores[end - 1]!, this.keys[end - 1]!);
    }
    this.size = 0;
    return count;
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
