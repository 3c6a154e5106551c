/**
 * The best few of many scores, as worker/forest/top.ts keeps them, but open to be read at any time: sorted, best first.
 * Larger scores are better; of equal scores the smaller key is.
 */
export class Kept {
  readonly keys: Uint32Array;
  size = 0;
  private readonly scores: Float64Array;

  constructor(capacity: number) {
    this.keys = new Uint32Array(capacity);
    this.scores = new Float64Array(capacity);
  }

  /** What a new entry must reach; -Infinity while there is room. */
  get threshold(): number {
    return this.size < this.scores.length ? Number.NEGATIVE_INFINITY : this.scores[this.size - 1]!;
  }

  /** Whether the entry is kept. */
  push(score: number, key: number): boolean {
    const { scores, keys } = this;
    const comesBefore = (i: number) => score > scores[i]! || (score === scores[i]! && key < keys[i]!);
    if (this.size === scores.length && (this.size === 0 || !comesBefore(this.size - 1))) return false;
    let i = this.size === scores.length ? this.size - 1 : this.size++;
    for (; i > 0 && comesBefore(i - 1); i--) {
      scores[i] = scores[i - 1]!;
      keys[i] = keys[i - 1]!;
    }
    scores[i] = score;
    keys[i] = key;
    return true;
  }
}
