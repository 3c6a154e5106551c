import { dotByte, dotWords } from "../products.ts";
import { type PreparedQuery, type WholeQuery, wholeQuery } from "../query.ts";
import { itemAt, type SlotTable } from "../slots.ts";
import type { VectorStore } from "../vectors.ts";
import { NodeHeap } from "./heap.ts";
import { LEAF_BIT, NODE, NODE_WORDS, type NodeTable, unpackSlot } from "./nodes.ts";
import { estimateRange, fillTable, type Sketches } from "./sketches.ts";

/** What a walk found: the first `count` entries of two arrays that the next walk overwrites. */
export interface Candidates {
  slots: Uint32Array;
  /** Estimates when the forest has sketches, else full scores; larger is nearer. */
  scores: Float32Array;
  count: number;
}

/**
 * The best-first walk over the nodes of a compact forest. Holds the scratch that one walk needs; walks are synchronous,
 * so all searches of an isolate share it.
 */
export class Walk {
  readonly found: Candidates = {
    slots: new Uint32Array(0),
    scores: new Float32Array(0),
    count: 0,
  };
  private readonly nodes: NodeTable;
  private readonly slots: SlotTable;
  private readonly sketches: Sketches | undefined;
  private readonly vectors: VectorStore | undefined;
  private readonly dimensions: number;
  private readonly severalTrees: boolean;
  private readonly heap: NodeHeap;
  /** codes . query of every node whose rank was computed in this walk. */
  private readonly products: Float32Array;
  private readonly table: Float32Array;
  private readonly rotated: Float32Array;
  /** Slots met in this walk, by epoch; only with several trees. */
  private readonly met: Uint8Array;
  private epoch = 0;
  private whole: WholeQuery = { whole: new Int32Array(0), unit: 0 };

  constructor(
    nodes: NodeTable,
    slots: SlotTable,
    sketches: Sketches | undefined,
    vectors: VectorStore | undefined,
    dimensions: number,
    nTrees: number,
  ) {
    this.nodes = nodes;
    this.slots = slots;
    this.sketches = sketches;
    this.vectors = vectors;
    this.dimensions = dimensions;
    this.severalTrees = nTrees > 1;
    this.heap = new NodeHeap(nodes.count);
    this.products = new Float32Array(nodes.count);
    this.table = new Float32Array(sketches ? sketches.bits * 32 : 0);
    this.rotated = new Float32Array(sketches ? sketches.rotation.bits : 0);
    this.met = new Uint8Array(this.severalTrees ? slots.nSlots : 0);
  }

  /**
   * Visits leaves in order of rank until they held `searchK` accepted items, duplicates across trees counted (as
   * Annoy counts), or no node is left.
   *
   * @param query what full codes are scored against
   * @param walked the query as nodes and sketches know it: the same, less the translation
   */
  run(
    query: PreparedQuery,
    walked: Float32Array,
    searchK: number,
    accept: ((item: number) => boolean) | undefined,
  ): Candidates {
    const { nodes, heap, found, sketches } = this;
    // A leaf in its first tree is met once, and slots of later trees are kept once: never more than all of them.
    this.reserve(Math.min(searchK, this.slots.nSlots) + nodes.largestLeaf);
    found.count = 0;
    if (sketches) {
      sketches.rotation.forward(walked, 0, this.dimensions, this.rotated);
      fillTable(this.rotated, sketches.bits, this.table);
    }
    if (this.severalTrees) this.epoch = (this.epoch + 1) & 255;
    if (this.severalTrees && this.epoch === 0) {
      this.met.fill(0);
      this.epoch = 1;
    }
    heap.size = 0;
    this.whole = wholeQuery(walked);
    const secondTree = this.slots.nSlots;
    let seen = 0;
    const centre = sketches?.centre;
    const shared = centre ? dotFloats(centre, walked) : 0;
    for (let r = 0; r < nodes.roots.length; r += 2) this.expand(walked, nodes.roots[r]!, nodes.roots[r + 1]!);
    while (seen < searchK && heap.size > 0) {
      const node = heap.pop();
      const at = node * NODE_WORDS;
      const first = nodes.words[at + NODE.first]!;
      const size = nodes.words[at + NODE.count]! & ~LEAF_BIT;
      if ((nodes.words[at + NODE.count]! & LEAF_BIT) === 0) {
        this.expand(walked, first, size);
        continue;
      }
      const base = centre ? shared : nodes.floats[at + NODE.base]! * this.products[node]!;
      if (first >= secondTree) seen += this.visitPacked(first - secondTree, size, base, query, accept);
      else if (this.severalTrees || accept) seen += this.visitSome(first, size, base, query, accept);
      else seen += this.visitAll(first, size, base, query);
    }
    return found;
  }

  /** Computes the ranks of neighbouring nodes and adds them to the frontier. */
  private expand(query: Float32Array, first: number, count: number): void {
    const { centroids, centroidWords, floats } = this.nodes;
    const { dimensions, heap, products } = this;
    const { whole, unit } = this.whole;
    for (let node = first; node < first + count; node++) {
      const product = centroidWords
        ? dotWords(centroidWords, node * (dimensions >>> 2), whole) * unit
        : dotByte(centroids, node * dimensions, query);
      products[node] = product;
      const at = node * NODE_WORDS;
      heap.push(floats[at + NODE.scale]! * product + floats[at + NODE.bias]!, node);
    }
  }

  /** A leaf of the only tree, without a filter: its rows lie one behind the other. */
  private visitAll(first: number, size: number, base: number, query: PreparedQuery): number {
    const { found, sketches } = this;
    const { slots, scores } = found;
    let n = found.count;
    if (!sketches) {
      for (let slot = first; slot < first + size; slot++) slots[n++] = slot;
      this.scoreFrom(found.count, n, query);
      found.count = n;
      return size;
    }
    for (let slot = first; slot < first + size; slot++) slots[n++] = slot;
    estimateRange(sketches, this.table, base, first, size, scores, found.count);
    found.count = n;
    return size;
  }

  /** A leaf of the first tree, with a filter or duplicates to pass over. */
  private visitSome(
    first: number,
    size: number,
    base: number,
    query: PreparedQuery,
    accept: ((item: number) => boolean) | undefined,
  ): number {
    const from = this.found.count;
    let accepted = 0;
    for (let slot = first; slot < first + size; slot++) if (this.keep(slot, accept)) accepted++;
    this.estimateFrom(from, base, query);
    return accepted;
  }

  /** A leaf of a later tree: its slots are bit-packed. */
  private visitPacked(
    first: number,
    size: number,
    base: number,
    query: PreparedQuery,
    accept: ((item: number) => boolean) | undefined,
  ): number {
    const { leafItems, slotBits } = this.nodes;
    const from = this.found.count;
    let accepted = 0;
    for (let i = first; i < first + size; i++) {
      const slot = unpackSlot(leafItems, slotBits, i);
      if (slot < this.slots.nSlots && this.keep(slot, accept)) accepted++;
    }
    this.estimateFrom(from, base, query);
    return accepted;
  }

  /** Adds an accepted slot unless this walk has met it. Returns whether it counts against searchK. */
  private keep(slot: number, accept: ((item: number) => boolean) | undefined): boolean {
    if (accept && !accept(itemAt(this.slots, slot))) return false;
    if (this.severalTrees) {
      if (this.met[slot] === this.epoch) return true;
      this.met[slot] = this.epoch;
    }
    this.found.slots[this.found.count++] = slot;
    return true;
  }

  private estimateFrom(from: number, base: number, query: PreparedQuery): void {
    const { found, sketches, table } = this;
    if (!sketches) {
      this.scoreFrom(from, found.count, query);
      return;
    }
    for (let i = from; i < found.count; i++) {
      estimateRange(sketches, table, base, found.slots[i]!, 1, found.scores, i);
    }
  }

  private scoreFrom(from: number, to: number, query: PreparedQuery): void {
    const { found, vectors } = this;
    vectors?.score(query, found.slots.subarray(from, to), to - from, found.scores.subarray(from, to));
  }

  private reserve(capacity: number): void {
    if (this.found.slots.length >= capacity) return;
    this.found.slots = new Uint32Array(capacity);
    this.found.scores = new Float32Array(capacity);
  }
}

function dotFloats(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
