import { NODE_WORDS, ZERO_PLANE } from "../../worker/core/format/annoy.ts";
import type { Kiss64 } from "./random.ts";
import type { Splitter } from "./splits.ts";

/** Attempts at a plane that puts less than 95% of the items on one side. Source: annoylib.h, `_make_tree`. */
const ATTEMPTS = 3;
const GOOD_BALANCE = 0.95;
/** Beyond this share on one side, sides are drawn at random. */
const WORST_BALANCE = 0.99;

export interface TreeSettings {
  /** Annoy's n_items: the largest item number plus one. */
  readonly nItems: number;
  /** K of the file's layout. */
  readonly maxBucket: number;
  readonly hamming: boolean;
}

/** A tree in the form of section `annoyNodes`; its own nodes are numbered from nItems on, the root comes last. */
export interface GrownTree {
  readonly nodes: Uint32Array<ArrayBuffer>;
  readonly lists: Uint32Array<ArrayBuffer>;
  readonly offsets: Float32Array<ArrayBuffer>;
  readonly planes: Float32Array<ArrayBuffer>;
}

/**
 * Grows one tree over `items` (ascending) as annoylib.h's `_make_tree` does: for the same random numbers the same
 * nodes in the same order.
 */
export function growTree(
  settings: TreeSettings,
  splitter: Splitter,
  items: Uint32Array,
  random: Kiss64,
): GrownTree {
  const { nItems, maxBucket, hamming } = settings;
  const indices = items.slice();
  const sides = new Uint8Array(items.length);
  const right = new Uint32Array(items.length);
  const nodes = new List(Uint32Array);
  const lists = new List(Uint32Array);
  const offsets = new List(Float32Array);
  const planes = new List(Float32Array);

  const push = (descendants: number, first: number, second: number, plane: number): number => {
    nodes.reserve(NODE_WORDS);
    nodes.push(descendants);
    nodes.push(first);
    nodes.push(second);
    nodes.push(plane);
    return nItems + nodes.length / NODE_WORDS - 1;
  };

  const bucket = (from: number, to: number, descendants: number): number => {
    const start = lists.length;
    lists.reserve(Math.max(to - from, descendants));
    for (let i = from; i < to; i++) lists.push(indices[i]!);
    // A root is marked with the number of all items; where they are fewer, Annoy leaves zeros, which are holes.
    while (lists.length < start + descendants) lists.push(0);
    return push(descendants, start, descendants, 0);
  };

  /** Keeps the splitter's plane and returns its number. */
  const keepPlane = (): number => {
    if (hamming) return splitter.bit;
    const { normal, offset } = splitter;
    if (offset === 0 && normal.every((x) => x === 0)) return ZERO_PLANE;
    offsets.reserve(1);
    offsets.push(offset);
    planes.append(normal);
    return offsets.length - 1;
  };

  /** Splits indices[from..to) stably by sides; returns where the right side starts. */
  const partition = (from: number, to: number): number => {
    let left = from;
    let rights = 0;
    for (let i = from; i < to; i++) {
      if (sides[i] === 0) indices[left++] = indices[i]!;
      else right[rights++] = indices[i]!;
    }
    for (let i = 0; i < rights; i++) indices[left + i] = right[i]!;
    return left;
  };

  const grow = (from: number, to: number, isRoot: boolean): number => {
    const count = to - from;
    if (count === 1 && !isRoot) return indices[from]!;
    const descendants = isRoot ? nItems : count;
    if (count <= maxBucket && (!isRoot || nItems <= maxBucket || count === 1)) {
      if (descendants <= maxBucket) return bucket(from, to, descendants);
      // The lone item of a large index: Annoy writes a list of one, which reads as a split beside hole 0.
      return push(descendants, indices[from]!, 0, hamming ? 0 : ZERO_PLANE);
    }
    let rights = 0;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      splitter.create(indices, from, to, random);
      splitter.assign(indices, from, to, random, sides);
      rights = sum(sides, from, to);
      if (imbalance(count - rights, rights) < GOOD_BALANCE) break;
    }
    while (imbalance(count - rights, rights) > WORST_BALANCE) {
      splitter.normal.fill(0);
      splitter.bit = 0;
      for (let i = from; i < to; i++) sides[i] = random.flip();
      rights = sum(sides, from, to);
    }
    const plane = keepPlane();
    const middle = partition(from, to);
    // The smaller side first.
    let first: number;
    let second: number;
    if (middle - from > to - middle) {
      second = grow(middle, to, false);
      first = grow(from, middle, false);
    } else {
      first = grow(from, middle, false);
      second = grow(middle, to, false);
    }
    return push(descendants, first, second, plane);
  };

  grow(0, items.length, true);
  return { nodes: nodes.take(), lists: lists.take(), offsets: offsets.take(), planes: planes.take() };
}

function sum(sides: Uint8Array, from: number, to: number): number {
  let n = 0;
  for (let i = from; i < to; i++) n += sides[i]!;
  return n;
}

/** The larger side's share, in Annoy's mixture of float32 and double. */
function imbalance(left: number, right: number): number {
  const f = Math.fround(left / (left + right + 1e-9));
  return Math.max(f, Math.fround(1 - f));
}

type Numbers = Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** A growing typed array. */
class List<T extends Numbers> {
  private readonly make: new (
    length: number,
  ) => T;
  private values: T;
  length = 0;

  constructor(make: new (length: number) => T) {
    this.make = make;
    this.values = new make(256);
  }

  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.values.length) return;
    const larger = new this.make(Math.max(needed, 2 * this.values.length));
    larger.set(this.values.subarray(0, this.length));
    this.values = larger;
  }

  push(value: number): void {
    this.values[this.length++] = value;
  }

  append(values: Float32Array): void {
    this.reserve(values.length);
    this.values.set(values, this.length);
    this.length += values.length;
  }

  take(): T {
    return this.values.slice(0, this.length) as T;
  }
}
