import { NODE_WORDS, nodeLayout, ZERO_PLANE } from "../../format/annoy.ts";
import { createMeter, type Meter, scoringNs } from "../meter.ts";
import { packBits } from "../query.ts";
import { itemAt, type SlotTable, slotOf } from "../slots.ts";
import type { Accept, Forest, ForestSearchOptions, Neighbours } from "../types.ts";
import { dot } from "./distances.ts";
import { NodeHeap } from "./heap.ts";
import { Nearest } from "./nearest.ts";
import { reorder, type Scorer } from "./scorer.ts";
import type { AnnoyTrees } from "./trees.ts";

const { fround } = Math;

/** Slots that are asked for one by one before their work is counted. */
const SLOTS = 8192;

/** Marks of one search; an item keeps the mark of the last search that met it. */
const MARKS_A_SEARCH = 2;

/** The distinct slots that a search has met, over arrays that are kept from search to search. */
class Candidates {
  slots = new Uint32Array(1024);
  count = 0;
  /** Items that were met, those passed over and met again included. */
  met = 0;
  private readonly table: SlotTable;
  /** Item to the mark of the last search that met it: `mark` when taken, `mark + 1` when passed over. */
  private readonly marks: Uint32Array;
  private mark = 0;

  constructor(table: SlotTable, nItems: number) {
    this.table = table;
    this.marks = new Uint32Array(nItems);
  }

  /** Empties the list, for another search. */
  reset(): void {
    if (this.mark >= 0xffff_fff0 - MARKS_A_SEARCH) {
      this.marks.fill(0);
      this.mark = 0;
    }
    this.mark += MARKS_A_SEARCH;
    this.count = 0;
    this.met = 0;
  }

  /** Takes an item's slot once a search. Returns whether the item counts. */
  take(item: number, accept: Accept | undefined): boolean {
    const { marks, mark } = this;
    this.met++;
    const seen = marks[item]!;
    if (seen === mark) return true;
    if (seen === mark + 1) return false;
    const slot = slotOf(this.table, item);
    if (accept && (slot < 0 || !accept(item))) {
      marks[item] = mark + 1;
      return false;
    }
    marks[item] = mark;
    // A hole counts, as in Annoy, but is no candidate.
    if (slot < 0) return true;
    if (this.count === this.slots.length) {
      const larger = new Uint32Array(this.count * 2);
      larger.set(this.slots);
      this.slots = larger;
    }
    this.slots[this.count++] = slot;
    return true;
  }
}

/**
 * Annoy's search over checked trees: a best-first walk over all of them until `searchK` candidates are found
 * (duplicates counted), then the exact distance of each distinct one. Scratch belongs to the returned function and
 * is reused: searches are synchronous.
 */
export function annoySearch(
  trees: AnnoyTrees,
  slots: SlotTable,
  scorer: Scorer,
  defaultSearchK: (k: number) => number,
): Forest["search"] {
  const { metric, dimensions, nItems } = trees;
  const margins = openMargins(trees);
  const candidates = new Candidates(slots, nItems);
  const walk = createWalk(trees, slots, margins, candidates);
  const nearest = new Nearest();
  let raw = new Float64Array(1024);

  return (query: Float32Array, options: ForestSearchOptions): Neighbours => {
    const { accept, work } = options;
    const meter = createMeter(work, dimensions);
    const asked = options.searchK ?? -1;
    // Annoy converts search_k to an unsigned number: below -1 means no limit.
    const limit =
      asked === -1 ? defaultSearchK(options.k) : asked < 0 ? Number.POSITIVE_INFINITY : Math.floor(asked);
    candidates.reset();
    scorer.setQuery(query);
    margins.setQuery(query);
    const fraction = options.acceptFraction;
    let splits = 0;
    // Where no more items pass than the walk would look at, looking at all that pass is exact and cheaper.
    if (accept && fraction !== undefined && fraction * nItems <= limit) {
      for (let slot = 0; slot < slots.nSlots; slot++) {
        const item = itemAt(slots, slot);
        if (item < nItems) candidates.take(item, accept);
        if (slot % SLOTS === 0) meter.count(candidates.met, 0, 0);
      }
    } else {
      splits = walk(limit, accept, meter);
    }
    const { count } = candidates;
    meter.finish(candidates.met, count, splits);
    work?.spend("vectors", scoringNs(count, dimensions));
    if (raw.length < count) raw = new Float64Array(candidates.slots.length);
    scorer.score(candidates.slots, count, raw);
    nearest.reset(Math.min(options.k, slots.nSlots));
    for (let j = 0; j < count; j++) {
      // A distance that is not a number (overflow) is the farthest there is.
      const distance = Number.isNaN(raw[j]) ? Number.POSITIVE_INFINITY : raw[j]!;
      nearest.push(distance, itemAt(slots, candidates.slots[j]!));
    }
    nearest.sort();
    const items = [...nearest.items.subarray(0, nearest.size)];
    const distances = items.map((item, i) => scorer.report(slotOf(slots, item), nearest.distances[i]!));
    if (!scorer.exact) reorder(metric, items, distances);
    return { items, distances, met: candidates.met, candidates: count, scored: count };
  };
}

/** Creates a walk over all trees. It gathers candidates until `limit` were met, and returns the number of splits passed. */
function createWalk(
  trees: AnnoyTrees,
  slots: SlotTable,
  margins: Margins,
  candidates: Candidates,
): (limit: number, accept: Accept | undefined, meter: Meter) => number {
  const { metric, dimensions, nItems, nodes, lists, roots } = trees;
  const { maxBucket } = nodeLayout(trees.layout, dimensions);
  const heap = new NodeHeap();
  return (limit, accept, meter) => {
    heap.clear();
    const initial = metric === "hamming" ? 0 : Number.POSITIVE_INFINITY;
    for (let r = 0; r < roots.length; r++) heap.push(initial, roots[r]!);
    let found = 0;
    let splits = 0;
    while (found < limit && heap.size > 0) {
      const priority = heap.topPriority;
      const node = heap.pop();
      if (node < nItems) {
        // The hole beside a lone item in a large index has no descendants, so Annoy does not count it.
        if (slotOf(slots, node) >= 0 && candidates.take(node, accept)) found++;
        continue;
      }
      const w = (node - nItems) * NODE_WORDS;
      const first = nodes[w + 1]!;
      const second = nodes[w + 2]!;
      if (nodes[w]! <= maxBucket) {
        for (let i = first; i < first + second; i++) if (candidates.take(lists[i]!, accept)) found++;
        continue;
      }
      meter.count(candidates.met, 0, ++splits);
      const m = margins.of(nodes[w + 3]!);
      if (metric === "hamming") {
        heap.push(m === 1 ? priority : priority - 1, second);
        heap.push(m === 0 ? priority : priority - 1, first);
      } else {
        // std::min keeps the first argument when the second is not a number.
        heap.push(m < priority ? m : priority, second);
        heap.push(-m < priority ? -m : priority, first);
      }
    }
    return splits;
  };
}

interface Margins {
  setQuery(query: Float32Array): void;
  /** Annoy's margin of the query at a plane; for hamming the bit that the number names, 0 or 1. */
  of(plane: number): number;
}

function openMargins(trees: AnnoyTrees): Margins {
  const { metric, dimensions, planes } = trees;
  if (metric === "hamming") {
    let bits: Uint32Array = new Uint32Array(0);
    return {
      setQuery(query) {
        bits = packBits(query);
      },
      of(bit) {
        // Annoy counts the bits of a 64-bit word from the top; bits past the last dimension are 0.
        const dimension = (bit & ~63) + 63 - (bit & 63);
        return dimension < dimensions ? (bits[dimension >>> 5]! >>> (dimension & 31)) & 1 : 0;
      },
    };
  }
  const constants = planeConstants(trees);
  let q = new Float32Array(dimensions);
  let zero = 0;
  return {
    setQuery(query) {
      q = query as Float32Array<ArrayBuffer>; // only read
      // 0 unless the query has an infinite coordinate: 0 times infinity is not a number.
      zero = 0;
      for (let z = 0; z < dimensions; z++) zero += 0 * q[z]!;
    },
    of(plane) {
      if (plane === ZERO_PLANE) return zero;
      const product = dot(planes, plane * dimensions, q, dimensions);
      return constants ? fround(constants[plane]! + product) : product;
    },
  };
}

/** Returns the numbers added to the inner product at each plane, or undefined when there are none. */
function planeConstants({ layout, offsets }: AnnoyTrees): Float32Array | undefined {
  if (layout === "euclidean" || layout === "manhattan") return offsets;
  // Up to 1.17.3 the margin of dot adds the square of the plane's own factor; later it does not.
  if (layout === "dot-1.17") return offsets.map((factor) => fround(factor * factor));
  return undefined;
}
