/** Places that an entry moves up one by one; further ones are found by halving, and the entries between moved at once. */
const NEAR = 24;

/**
 * The best few of many scores, in order, over arrays made once. Larger scores are better; of equal scores the smaller key
 * (item or slot) is. Most entries that get in do so near the end, so a list in order costs less than a heap up to some
 * hundred entries, knows the score at every rank, and is sorted when it is done.
 */
export class TopScores {
  private scores: Float64Array;
  private keys: Uint32Array;
  private capacity: number;
  size = 0;

  constructor(capacity: number) {
    this.scores = new Float64Array(capacity);
    this.keys = new Uint32Array(capacity);
    this.capacity = capacity;
  }

  /** Empties the list, for another search. */
  reset(capacity: number): void {
    this.size = 0;
    this.capacity = capacity;
    if (capacity <= this.scores.length) return;
    this.scores = new Float64Array(capacity);
    this.keys = new Uint32Array(capacity);
  }

  /** Score that a new entry must reach; -Infinity while there is room. */
  get threshold(): number {
    return this.scoreAt(this.capacity);
  }

  /** The score of the entry that is `rank`-th best, from 1; -Infinity while there are fewer. */
  scoreAt(rank: number): number {
    return this.size < rank || rank === 0 ? Number.NEGATIVE_INFINITY : this.scores[rank - 1]!;
  }

  /** The key of an entry, the best at 0. */
  keyAt(place: number): number {
    return this.keys[place]!;
  }

  push(score: number, key: number): void {
    const { scores, keys } = this;
    let place = this.size;
    if (place === this.capacity) {
      if (place === 0 || !this.beats(score, key, place - 1)) return;
      place--;
    } else {
      this.size++;
    }
    const near = Math.max(0, place - NEAR);
    while (place > near && this.beats(score, key, place - 1)) {
      scores[place] = scores[place - 1]!;
      keys[place] = keys[place - 1]!;
      place--;
    }
    if (place === near && place > 0 && this.beats(score, key, place - 1)) {
      const target = this.placeOf(score, key, place - 1);
      scores.copyWithin(target + 1, target, place);
      keys.copyWithin(target + 1, target, place);
      place = target;
    }
    scores[place] = score;
    keys[place] = key;
  }

  /** The kept keys, best first: a view, good until the next push or {@link reset}. */
  sorted(): Uint32Array {
    return this.keys.subarray(0, this.size);
  }

  /** Whether (score, key) belongs before entry `i`. */
  private beats(score: number, key: number, i: number): boolean {
    const other = this.scores[i]!;
    return score > other || (score === other && key < this.keys[i]!);
  }

  /** The first place whose entry (score, key) beats; it beats that at `last`. */
  private placeOf(score: number, key: number, last: number): number {
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.beats(score, key, middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
