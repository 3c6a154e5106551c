import { type AnnoyLayout, layoutsOf, type NodeLayout, nodeLayout } from "../../worker/core/format/annoy.ts";
import { MAX_DIMENSIONS, MAX_ITEMS, METRICS, type Metric } from "../../worker/core/format/constants.ts";
import { AnnoyFileError } from "./errors.ts";
import { type ByteSource, NodeReader } from "./node-reader.ts";
import { loadedRoots } from "./roots.ts";

/** Findings of a first pass over an Annoy file: everything needed to lay out its sections exactly. */
export interface CheckedAnnoy {
  readonly layout: NodeLayout;
  readonly reader: NodeReader;
  readonly nItems: number;
  readonly present: number;
  readonly roots: number[];
  readonly listEntries: number;
  readonly planes: number;
  /** Split nodes that repeat an earlier node's plane: the copies of the roots. Node to earlier node. */
  readonly copies: ReadonlyMap<number, number>;
}

/**
 * Finds the layout of a file and checks its structure.
 *
 * @throws AnnoyFileError saying what does not fit and, when something else would, what
 */
export function checkAnnoyFile(
  source: ByteSource,
  metric: Metric,
  dimensions: number,
  layout?: AnnoyLayout,
): CheckedAnnoy {
  if (source.size === 0) throw new AnnoyFileError("ANNOY_EMPTY_FILE", `${source.name} is empty.`);
  const names = layout ? [layout] : layoutsOf(metric);
  const faults: string[] = [];
  for (const name of names) {
    const result = tryLayout(source, nodeLayout(name, dimensions));
    if (typeof result !== "string") return result;
    faults.push(names.length > 1 ? `As layout ${name}: ${result}` : result);
  }
  const others = layout ? [] : whatFits(source, metric, dimensions);
  const advice =
    others.length > 0
      ? `It reads well as ${others.join(" or ")}.`
      : "It is damaged or truncated, or it was built with another metric or another number of dimensions.";
  throw new AnnoyFileError(
    "ANNOY_WRONG_LAYOUT",
    `${source.name} is not an Annoy index of metric ${metric} with ${dimensions} dimensions. ${faults.join(" ")} ${advice}`,
  );
}

/** Other arguments under which a file would pass, for the error message. */
function whatFits(source: ByteSource, metric: Metric, dimensions: number): string[] {
  const fits = (m: Metric, d: number): boolean =>
    layoutsOf(m).some((name) => typeof tryLayout(source, nodeLayout(name, d)) !== "string");
  const metrics = METRICS.filter((m) => m !== metric && fits(m, dimensions)).map((m) => `metric ${m}`);
  if (metrics.length > 0) return metrics;
  // Each probe ends at the first node that does not fit, so some thousands of sizes are tried in no time.
  const step = metric === "hamming" ? 64 : 1;
  const most = Math.min(MAX_DIMENSIONS, 8192);
  for (let d = step; d <= most; d += step) {
    if (d !== dimensions && fits(metric, d)) return [`${d} dimensions`];
  }
  return [];
}

/** One layout's check: the facts, or a sentence with the first fault. */
function tryLayout(source: ByteSource, layout: NodeLayout): CheckedAnnoy | string {
  const { size } = layout;
  if (source.size % size !== 0) {
    return `Its ${source.size} bytes are not a multiple of ${size}, the bytes of one node.`;
  }
  const count = source.size / size;
  if (count > MAX_ITEMS) return `It would have ${count} nodes; Annoy numbers them with 31 bits.`;
  const reader = new NodeReader(source, size);
  const found = findRoots(reader, layout);
  if (typeof found === "string") return found;
  const items = checkItems(reader, layout, found.nItems);
  if (typeof items === "string") return items;
  const nodes = checkNodes(reader, layout, found.nItems);
  if (typeof nodes === "string") return nodes;
  return { layout, reader, ...found, ...items, ...nodes };
}

function findRoots(reader: NodeReader, layout: NodeLayout): { nItems: number; roots: number[] } | string {
  const { count, words } = reader;
  const child = layout.children >>> 2;
  const nItems = words[reader.at(count - 1)]!;
  if (nItems >= count) return `Its last node, a root, says it has ${nItems} items; there are ${count} nodes.`;
  const roots = loadedRoots(count, {
    descendants: (node) => words[reader.at(node)]!,
    firstChild: (node) => words[reader.at(node) + child]!,
  });
  return { nItems, roots };
}

function checkItems(reader: NodeReader, layout: NodeLayout, nItems: number): { present: number } | string {
  const { words, floats } = reader;
  const { metric } = layout;
  const vector = layout.vector >>> 2;
  const child = layout.children >>> 2;
  const length = layout.vectorBytes >>> 2;
  let present = 0;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (let i = 0; i < nItems; i++) {
    const at = reader.at(i);
    const descendants = words[at]!;
    if (descendants > 1) return `Node ${i}, an item, says it has ${descendants} descendants.`;
    if (descendants === 0) continue;
    present++;
    // What Annoy leaves zero in items tells the metrics apart (angular keeps the squared length in the first child).
    if (words[at + child + 1] !== 0 || (metric !== "angular" && words[at + child] !== 0)) {
      return `Node ${i}, an item, has children.`;
    }
    if (metric === "hamming") continue;
    let squares = 0;
    for (let z = at + vector; z < at + vector + length; z++) squares += floats[z]! * floats[z]!;
    if (metric === "angular") {
      const stored = floats[at + 1]!;
      // Annoy before 1.16 stored no length.
      if (stored !== 0 && !near(stored, squares))
        return `Node ${i}, an item, says its squared length is ${stored}; it is ${squares}.`;
    } else if (metric === "dot") {
      const factor = floats[at + 3]!;
      const sum = squares + factor * factor;
      lowest = Math.min(lowest, sum);
      highest = Math.max(highest, sum);
    }
  }
  // Dot's extra coordinate brings all items to the same length.
  if (metric === "dot" && present > 0 && !near(lowest, highest)) {
    return `With their extra coordinate its items have squared lengths from ${lowest} to ${highest}; they would be equal.`;
  }
  return { present };
}

/** Equal up to what float32 sums in another order differ by; overflow and NaN are another check's business. */
function near(a: number, b: number): boolean {
  return !(Math.abs(a - b) > 1e-2 * Math.max(Math.abs(a), Math.abs(b)) + 1e-30);
}

type NodeFacts = Pick<CheckedAnnoy, "listEntries" | "planes" | "copies">;

function checkNodes(reader: NodeReader, layout: NodeLayout, nItems: number): NodeFacts | string {
  const { count, words } = reader;
  const { maxBucket, metric } = layout;
  const child = layout.children >>> 2;
  const bits = layout.vectorBytes * 8;
  let listEntries = 0;
  let planes = 0;
  const copies = new Map<number, number>();
  const rootsByChildren = new Map<string, number>();
  for (let i = nItems; i < count; i++) {
    const at = reader.at(i);
    const descendants = words[at]!;
    if (descendants > nItems || (descendants === 0 && nItems > 0))
      return `Node ${i} says it has ${descendants | 0} descendants; the index has ${nItems} items.`;
    if (descendants <= maxBucket) {
      listEntries += descendants;
      for (let j = 0; j < descendants; j++) {
        const item = words[at + child + j]!;
        if (item >= nItems) return `Node ${i} lists item ${item | 0}; the index has ${nItems} items.`;
      }
      continue;
    }
    const first = words[at + child]!;
    const second = words[at + child + 1]!;
    if (first >= count || second >= count) {
      return `Node ${i} has children ${first | 0} and ${second | 0}; there are ${count} nodes.`;
    }
    if (metric === "hamming") {
      const bit = words[at + (layout.vector >>> 2)]!;
      if (bit >= bits || words[at + (layout.vector >>> 2) + 1] !== 0)
        return `Node ${i} splits by bit ${bit}; vectors have ${bits} bits.`;
      continue;
    }
    if (isZeroPlane(words, at, layout)) continue;
    if (descendants === nItems) {
      const key = `${first},${second}`;
      const earlier = rootsByChildren.get(key);
      if (earlier !== undefined && samePlane(reader, layout, earlier, i)) {
        copies.set(i, earlier);
        continue;
      }
      rootsByChildren.set(key, i);
    }
    planes++;
  }
  return { listEntries, planes, copies };
}

/** Word of a split node's constant (Minkowski's offset, dot's factor), or -1. */
export function offsetWord(layout: NodeLayout): number {
  if (layout.metric === "euclidean" || layout.metric === "manhattan") return 1;
  return layout.metric === "dot" ? 3 : -1;
}

/** Whether a split node's normal and constant are zero, as after a random split. */
export function isZeroPlane(words: Uint32Array, at: number, layout: NodeLayout): boolean {
  const offset = offsetWord(layout);
  if (offset > 0 && words[at + offset] !== 0) return false;
  const start = at + (layout.vector >>> 2);
  const end = start + (layout.vectorBytes >>> 2);
  for (let z = start; z < end; z++) if (words[z] !== 0) return false;
  return true;
}

function samePlane(reader: NodeReader, layout: NodeLayout, a: number, b: number): boolean {
  const { words } = reader;
  const size = layout.size >>> 2;
  const start = layout.vector >>> 2;
  const offset = offsetWord(layout);
  const at = reader.at(a);
  const copy = words.slice(at, at + size);
  const other = reader.at(b);
  if (offset > 0 && copy[offset] !== words[other + offset]) return false;
  for (let z = start; z < size; z++) if (copy[z] !== words[other + z]) return false;
  return true;
}
