import { dotByte, dotPairs, dotPairsOfTwo } from "../products.ts";
import { type PairedQuery, pairQuery } from "../query.ts";
import { itemAt, type SlotTable } from "../slots.ts";
import type { Accept } from "../types.ts";
import { NodeHeap } from "./heap.ts";
import { LEAF_BIT, NODE, NODE_WORDS, type NodeTable, unpackSlot } from "./nodes.ts";
import {
  appendPromising,
  createPromising,
  firstWords,
  meanFactor,
  type Promising,
  type Sketches,
  type SketchQuery,
} from "./sketches.ts";
import { rotateQuery } from "./table.ts";

/** Standard deviations of what half a code may add to its sum before it is ruled out unseen. */
const DEVIATIONS = 3;
/**
 * The same where estimates are the last word, without a margin: the codes of true neighbours lie far out in both halves.
 * In clusters of 384 dimensions three deviations lose a sixth of the ten best estimates, five a twelfth.
 */
export const ESTIMATE_DEVIATIONS = 8;

const NO_TABLE = new Int32Array(0);

/**
 * The best-first walk over the nodes of a compact forest, a leaf at a time. Holds the scratch that one walk needs; walks
 * are synchronous, so all searches of an isolate share it, and nothing is allocated while one is under way.
 */
export class Walk {
  /** The promising candidates of the leaf visited last: entries that the next one overwrites. */
  readonly found: Promising;
  /** Distinct candidates that were looked at since {@link start}. */
  looked = 0;
  /** Items of the leaves that were visited since {@link start}, those passed over and duplicates included. */
  met = 0;
  private readonly nodes: NodeTable;
  private readonly slots: SlotTable;
  private readonly sketches: Sketches | undefined;
  private readonly dimensions: number;
  private readonly severalTrees: boolean;
  private readonly heap: NodeHeap;
  /** codes . query of every node whose rank was computed in this walk. */
  private readonly products: Float32Array;
  private readonly two = new Int32Array(2);
  private readonly sketched: SketchQuery;
  private readonly meanFactor: number;
  /** Slots met in this walk, by epoch; only with several trees. */
  private readonly marks: Uint8Array;
  private epoch = 0;
  private walked: Float32Array = new Float32Array(0);
  private pairs: PairedQuery = { packed: new Int32Array(0), unit: 0 };
  /** With several trees: the product of the query with the one point that all residuals are taken from. */
  private shared = 0;

  constructor(
    nodes: NodeTable,
    slots: SlotTable,
    sketches: Sketches | undefined,
    dimensions: number,
    nTrees: number,
  ) {
    this.nodes = nodes;
    this.slots = slots;
    this.sketches = sketches;
    this.dimensions = dimensions;
    this.severalTrees = nTrees > 1;
    this.heap = new NodeHeap(nodes.count);
    this.products = new Float32Array(nodes.count);
    this.sketched = { table: NO_TABLE, unit: 0, margin: 0, secondHalf: 0, base: 0, cut: 0 };
    this.meanFactor = sketches ? meanFactor(sketches) : 0;
    this.marks = new Uint8Array(this.severalTrees ? slots.nSlots : 0);
    this.found = createPromising(nodes.largestLeaf);
  }

  /**
   * Begins a walk.
   *
   * @param walked the query as nodes and sketches know it: less the translation
   * @param margin how far bounds lie above estimates, for a candidate of the mean factor
   * @param deviations see {@link ESTIMATE_DEVIATIONS}
   * @param pairs the query in small integers, where that is known
   */
  start(
    walked: Float32Array,
    margin: number,
    deviations: number = DEVIATIONS,
    pairs: PairedQuery = pairQuery(walked),
  ): void {
    const { nodes, heap, sketches, sketched } = this;
    this.walked = walked;
    this.pairs = pairs;
    this.looked = 0;
    this.met = 0;
    if (sketches) {
      const { rotated, table, unit } = rotateQuery(sketches.rotation, sketches.bits, walked);
      sketched.table = table;
      sketched.unit = unit;
      sketched.margin = this.meanFactor > 0 ? margin / this.meanFactor : 0;
      let squares = 0;
      for (let i = firstWords(sketches.bits) * 32; i < sketches.bits; i++)
        squares += rotated[i]! * rotated[i]!;
      sketched.secondHalf = deviations * Math.sqrt(squares);
      if (sketches.centre) this.shared = dotFloats(sketches.centre, walked);
    }
    if (this.severalTrees) this.epoch = (this.epoch + 1) & 255;
    if (this.severalTrees && this.epoch === 0) {
      this.marks.fill(0);
      this.epoch = 1;
    }
    heap.size = 0;
    for (let r = 0; r < nodes.roots.length; r += 2) this.expand(nodes.roots[r]!, nodes.roots[r + 1]!);
  }

  /**
   * Visits the leaf of the highest rank. Leaves in `found` those candidates whose bound reaches `cut`; without sketches,
   * all.
   *
   * @returns how many items of the leaf were accepted, duplicates across trees counted (as Annoy counts); -1 when no leaf
   * is left
   */
  next(cut: number, accept: Accept | undefined): number {
    const { nodes, heap, found } = this;
    found.count = 0;
    while (heap.size > 0) {
      const node = heap.pop();
      const at = node * NODE_WORDS;
      const first = nodes.words[at + NODE.first]!;
      const size = nodes.words[at + NODE.count]! & ~LEAF_BIT;
      if ((nodes.words[at + NODE.count]! & LEAF_BIT) === 0) {
        this.expand(first, size);
        continue;
      }
      this.met += size;
      this.sketched.cut = cut;
      this.sketched.base = this.sketches?.centre
        ? this.shared
        : nodes.floats[at + NODE.base]! * this.products[node]!;
      const { nSlots } = this.slots;
      if (first >= nSlots) return this.visitPacked(first - nSlots, size, accept);
      if (this.severalTrees || accept) return this.visitSome(first, size, accept);
      this.append(first, size);
      return size;
    }
    return -1;
  }

  /** Computes the ranks of neighbouring nodes and adds them to the frontier. */
  private expand(first: number, count: number): void {
    const { floats } = this.nodes;
    const { heap, products } = this;
    this.multiply(first, count);
    for (let node = first; node < first + count; node++) {
      const at = node * NODE_WORDS;
      heap.push(floats[at + NODE.scale]! * products[node]! + floats[at + NODE.bias]!, node);
    }
  }

  /** The products of the query with the codes of neighbouring nodes. */
  private multiply(first: number, count: number): void {
    const { centroids, centroidWords } = this.nodes;
    const { dimensions, products, walked, two } = this;
    const { packed, unit } = this.pairs;
    const end = first + count;
    let node = first;
    if (!centroidWords) {
      for (; node < end; node++) products[node] = dotByte(centroids, node * dimensions, walked);
      return;
    }
    const stride = dimensions >>> 2;
    for (; node + 2 <= end; node += 2) {
      dotPairsOfTwo(centroidWords, node * stride, (node + 1) * stride, packed, two);
      products[node] = two[0]! * unit;
      products[node + 1] = two[1]! * unit;
    }
    if (node < end) products[node] = dotPairs(centroidWords, node * stride, packed) * unit;
  }

  /** A leaf of the first tree, with a filter or duplicates to pass over. */
  private visitSome(first: number, size: number, accept: Accept | undefined): number {
    let accepted = 0;
    for (let slot = first; slot < first + size; slot++) {
      if (accept && !accept(itemAt(this.slots, slot))) continue;
      accepted++;
      if (this.isNew(slot)) this.append(slot, 1);
    }
    return accepted;
  }

  /** A leaf of a later tree: its slots are bit-packed. */
  private visitPacked(first: number, size: number, accept: Accept | undefined): number {
    const { leafItems, slotBits } = this.nodes;
    let accepted = 0;
    for (let i = first; i < first + size; i++) {
      const slot = unpackSlot(leafItems, slotBits, i);
      if (slot >= this.slots.nSlots || (accept && !accept(itemAt(this.slots, slot)))) continue;
      accepted++;
      if (this.isNew(slot)) this.append(slot, 1);
    }
    return accepted;
  }

  /** Whether this walk meets a slot for the first time. */
  private isNew(slot: number): boolean {
    if (!this.severalTrees) return true;
    if (this.marks[slot] === this.epoch) return false;
    this.marks[slot] = this.epoch;
    return true;
  }

  private append(first: number, count: number): void {
    const { found, sketches } = this;
    this.looked += count;
    if (sketches) {
      appendPromising(sketches, this.sketched, first, count, found);
      return;
    }
    for (let slot = first; slot < first + count; slot++) found.slots[found.count++] = slot;
  }
}

function dotFloats(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
