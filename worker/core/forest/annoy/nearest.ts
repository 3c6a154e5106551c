/**
 * The nearest few of many (distance, item): a binary heap with the farthest kept entry first, over arrays that grow
 * and are kept. Of equal distances the smaller item is nearer, as in Annoy.
 */
export class Nearest {
  /** After {@link sort}: the kept entries, nearest first. */
  distances = new Float64Array(16);
  items = new Uint32Array(16);
  size = 0;
  private capacity = 0;

  /** Empties it for up to `capacity` entries. */
  reset(capacity: number): void {
    this.size = 0;
    this.capacity = capacity;
    if (capacity > this.items.length) {
      const length = Math.max(capacity, 2 * this.items.length);
      this.distances = new Float64Array(length);
      this.items = new Uint32Array(length);
    }
  }

  push(distance: number, item: number): void {
    const { distances, items } = this;
    if (this.size < this.capacity) {
      let i = this.size++;
      while (i > 0) {
        const parent = (i - 1) >> 1;
        const d = distances[parent]!;
        if (d > distance || (d === distance && items[parent]! > item)) break;
        distances[i] = d;
        items[i] = items[parent]!;
        i = parent;
      }
      distances[i] = distance;
      items[i] = item;
    } else if (this.size > 0) {
      const d = distances[0]!;
      if (distance < d || (distance === d && item < items[0]!)) this.sink(this.size, distance, item);
    }
  }

  /** Sorts what was kept, nearest first, in place. */
  sort(): void {
    const { distances, items } = this;
    for (let end = this.size - 1; end > 0; end--) {
      const distance = distances[end]!;
      const item = items[end]!;
      distances[end] = distances[0]!;
      items[end] = items[0]!;
      this.sink(end, distance, item);
    }
  }

  /** Puts an entry in the place of the first, within the first `size` entries. */
  private sink(size: number, distance: number, item: number): void {
    const { distances, items } = this;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size) {
        const left = distances[child]!;
        const right = distances[child + 1]!;
        if (right > left || (right === left && items[child + 1]! > items[child]!)) child++;
      }
      const d = distances[child]!;
      if (d < distance || (d === distance && items[child]! < item)) break;
      distances[i] = d;
      items[i] = items[child]!;
      i = child;
    }
    distances[i] = distance;
    items[i] = item;
  }
}
