import { dot } from "../../worker/core/forest/annoy/distances.ts";
import { type AnnoyTrees, checkTrees } from "../../worker/core/forest/annoy/trees.ts";
import type { SlotTable } from "../../worker/core/forest/slots.ts";
import {
  ANNOY_LAYOUTS,
  type AnnoyLayout,
  hasItemFactors,
  NODE_WORDS,
  nodeLayout,
  ZERO_PLANE,
} from "../../worker/core/format/annoy.ts";
import { MAX_DIMENSIONS, METRICS, type Metric, NO_SLOT } from "../../worker/core/format/constants.ts";
import { AnnoyEdgeError, ArtifactError } from "../../worker/core/format/errors.ts";
import { type CheckedAnnoy, checkAnnoyFile, isZeroPlane, offsetWord } from "./check.ts";
import { AnnoyFileError } from "./errors.ts";
import { type ByteSource, bufferSource, fileSource } from "./node-reader.ts";
import { type AnnoyNodes, allocateNodes } from "./nodes.ts";

/** An Annoy index in memory: its trees, and its vectors without the holes. */
export interface AnnoyData {
  readonly trees: AnnoyTrees;
  /** Section `annoyNodes`, over which `trees` are views. */
  readonly nodeBytes: Uint8Array;
  /** Item of each slot. */
  readonly slots: SlotTable;
  /** `dimensions` numbers a slot; empty for hamming. */
  readonly vectors: Float32Array;
  /** ceil(dimensions / 32) words a slot, bit i of a row being coordinate i; hamming only. */
  readonly bits: Uint32Array;
}

export interface ReadAnnoyOptions {
  readonly dimensions: number;
  readonly metric: Metric;
  /** Overrides the recognition of the two layouts that dot and hamming have each. */
  readonly layout?: AnnoyLayout;
}

/**
 * Reads an `.ann` file whole: checks every node, then copies vectors, planes and lists to typed arrays.
 *
 * @throws AnnoyFileError when the file does not fit the arguments, or is damaged
 */
export function readAnnoy(file: string | Uint8Array, options: ReadAnnoyOptions): AnnoyData {
  checkOptions(options);
  const source = typeof file === "string" ? fileSource(file) : bufferSource(file);
  try {
    const checked = checkAnnoyFile(source, options.metric, options.dimensions, options.layout);
    const data = copyAnnoy(source, checked, options.dimensions);
    checkCounts(source, data.trees);
    return data;
  } finally {
    source.close();
  }
}

function checkOptions({ dimensions, metric, layout }: ReadAnnoyOptions): void {
  if (!METRICS.includes(metric)) {
    throw new AnnoyEdgeError(
      "UNKNOWN_METRIC",
      `There is no metric ${metric}; Annoy has ${METRICS.join(", ")}.`,
    );
  }
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > MAX_DIMENSIONS) {
    throw new AnnoyEdgeError(
      "BAD_DIMENSIONS",
      `Dimensions must be a whole number from 1 to ${MAX_DIMENSIONS}, not ${dimensions}.`,
    );
  }
  if (
    layout !== undefined &&
    !(ANNOY_LAYOUTS.includes(layout) && nodeLayout(layout, dimensions).metric === metric)
  ) {
    throw new AnnoyEdgeError("UNKNOWN_LAYOUT", `Metric ${metric} has no layout ${layout}.`);
  }
}

function copyAnnoy(source: ByteSource, checked: CheckedAnnoy, dimensions: number): AnnoyData {
  const { reader, layout, nItems, present, roots } = checked;
  const nodes = allocateNodes({
    layout: layout.name,
    dimensions,
    nItems,
    nodeCount: reader.count,
    listEntries: checked.listEntries,
    planes: checked.planes,
    itemFactors: hasItemFactors(layout.metric) ? present : 0,
    roots: Uint32Array.from(roots),
  });
  const items = present === nItems ? undefined : new Uint32Array(present);
  const { metric } = layout;
  const vectors = new Float32Array(metric === "hamming" ? 0 : present * dimensions);
  const stride = Math.ceil(dimensions / 32);
  const bits = new Uint32Array(metric === "hamming" ? present * stride : 0);
  const vectorAt = layout.vector >>> 2;
  for (let item = 0, slot = 0; item < nItems; item++) {
    const at = reader.at(item);
    if (reader.words[at] === 0) continue;
    if (items) items[slot] = item;
    const from = at + vectorAt;
    if (metric === "hamming") {
      const words = reader.words.subarray(from, from + (layout.vectorBytes >>> 2));
      if (hasBitsPast(words, dimensions)) {
        throw new AnnoyFileError(
          "ANNOY_WRONG_LAYOUT",
          `Item ${item} of ${source.name} has bits past dimension ${dimensions}: it was built with more dimensions.`,
        );
      }
      bits.set(words.subarray(0, stride), slot * stride);
    } else {
      const to = slot * dimensions;
      for (let z = 0; z < dimensions; z++) {
        const value = reader.floats[from + z]!;
        if (!Number.isFinite(value)) {
          throw new AnnoyFileError(
            "ANNOY_NOT_FINITE",
            `Item ${item} of ${source.name} has ${value} in dimension ${z}; vectors must be finite numbers.`,
          );
        }
        vectors[to + z] = value;
      }
      if (metric === "dot") nodes.trees.itemFactors[slot] = reader.floats[at + 3]!;
      if (metric === "angular") {
        // As Annoy does where an old version stored no length.
        const row = vectors.subarray(to, to + dimensions);
        nodes.trees.itemFactors[slot] = reader.floats[at + 1]! || dot(vectors, to, row, dimensions);
      }
    }
    slot++;
  }
  copyNodes(checked, nodes, dimensions);
  const slots = slotTable(nItems, items);
  return { trees: nodes.trees, nodeBytes: nodes.bytes, slots, vectors, bits };
}

/** The table for ascending items, each in the slot of its rank; items undefined when there are no holes. */
function slotTable(nItems: number, items: Uint32Array | undefined): SlotTable {
  if (!items) return { nItems, nSlots: nItems, slotItems: undefined, itemSlots: undefined };
  const itemSlots = new Uint32Array(nItems).fill(NO_SLOT);
  for (let slot = 0; slot < items.length; slot++) itemSlots[items[slot]!] = slot;
  return { nItems, nSlots: items.length, slotItems: items, itemSlots };
}

function hasBitsPast(words: Uint32Array, dimensions: number): boolean {
  const last = dimensions >>> 5;
  for (let w = last; w < words.length; w++) {
    const mask = w === last ? -1 << (dimensions & 31) : -1;
    if ((words[w]! & mask) !== 0) return true;
  }
  return false;
}

function copyNodes(checked: CheckedAnnoy, { trees }: AnnoyNodes, dimensions: number): void {
  const { reader, layout, nItems } = checked;
  const { nodes, lists, planes, offsets } = trees;
  const { words, floats } = reader;
  const child = layout.children >>> 2;
  const vector = layout.vector >>> 2;
  const offset = offsetWord(layout);
  let list = 0;
  let plane = 0;
  for (let node = nItems, w = 0; node < reader.count; node++, w += NODE_WORDS) {
    const at = reader.at(node);
    const descendants = words[at]!;
    nodes[w] = descendants;
    if (descendants <= layout.maxBucket) {
      nodes[w + 1] = list;
      nodes[w + 2] = descendants;
      for (let j = 0; j < descendants; j++) lists[list++] = words[at + child + j]!;
      continue;
    }
    nodes[w + 1] = words[at + child]!;
    nodes[w + 2] = words[at + child + 1]!;
    const original = checked.copies.get(node);
    if (layout.metric === "hamming") nodes[w + 3] = words[at + vector]!;
    else if (original !== undefined) nodes[w + 3] = nodes[(original - nItems) * NODE_WORDS + 3]!;
    else if (isZeroPlane(words, at, layout)) nodes[w + 3] = ZERO_PLANE;
    else {
      nodes[w + 3] = plane;
      if (offset > 0) offsets[plane] = floats[at + offset]!;
      planes.set(floats.subarray(at + vector, at + vector + dimensions), plane * dimensions);
      plane++;
    }
  }
}

/**
 * Checks the invariants of an opened forest, and that each split node's count is the sum of its children's (only roots are
 * marked with the number of all items): a wrong child nearly always gives itself away.
 */
function checkCounts(source: ByteSource, trees: AnnoyTrees): void {
  const { layout, dimensions, nItems, nodes } = trees;
  const { maxBucket } = nodeLayout(layout, dimensions);
  const countOf = (node: number) => (node < nItems ? 1 : nodes[(node - nItems) * NODE_WORDS]!);
  try {
    for (let node = nItems, w = 0; node < trees.nodeCount; node++, w += NODE_WORDS) {
      const descendants = nodes[w]!;
      if (descendants <= maxBucket || descendants === nItems) continue;
      const sum = countOf(nodes[w + 1]!) + countOf(nodes[w + 2]!);
      if (sum !== descendants) {
        throw new ArtifactError(
          "CORRUPT_FOREST",
          `Node ${node} says it has ${descendants} descendants; its children have ${sum}.`,
        );
      }
    }
    const planeCount = trees.planes.length / dimensions;
    checkTrees(trees, trees.metric === "hamming" ? Math.ceil(dimensions / 64) * 64 : planeCount);
  } catch (cause) {
    if (!(cause instanceof ArtifactError)) throw cause;
    throw new AnnoyFileError("ANNOY_WRONG_LAYOUT", `${source.name} is damaged. ${cause.message}`, { cause });
  }
}
