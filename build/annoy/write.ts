import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { dot } from "../../worker/core/forest/annoy/distances.ts";
import type { AnnoyTrees } from "../../worker/core/forest/annoy/trees.ts";
import { slotOf } from "../../worker/core/forest/slots.ts";
import { NODE_WORDS, nodeLayout, ZERO_PLANE } from "../../worker/core/format/annoy.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { messageOf } from "../settings/errors.ts";
import { partialPath, removePartial } from "../settings/partial.ts";
import { offsetWord } from "./check.ts";
import type { AnnoyData } from "./read.ts";

const PART_BYTES = 1 << 22;

/**
 * The bytes of an `.ann` file, in order, a few megabytes at a time; each part is valid until the next is asked for.
 * Items, tree nodes and copies of roots keep their numbers. Bytes that Annoy leaves undefined are zero.
 */
export function* annoyFileParts(data: AnnoyData): Generator<Uint8Array> {
  const { trees } = data;
  const layout = nodeLayout(trees.layout, trees.dimensions);
  const perPart = Math.max(1, Math.floor(PART_BYTES / layout.size));
  const buffer = new ArrayBuffer(perPart * layout.size);
  const words = new Uint32Array(buffer);
  const floats = new Float32Array(buffer);
  const putItem = itemWriter(data, words, floats);
  for (let start = 0; start < trees.nodeCount; start += perPart) {
    words.fill(0);
    const end = Math.min(trees.nodeCount, start + perPart);
    for (let node = start; node < end; node++) {
      const at = ((node - start) * layout.size) >>> 2;
      if (node < trees.nItems) putItem(node, at);
      else putTreeNode(trees, node, at, words, floats);
    }
    yield new Uint8Array(buffer, 0, (end - start) * layout.size);
  }
}

function itemWriter(
  { trees, slots, vectors, bits }: AnnoyData,
  words: Uint32Array,
  floats: Float32Array,
): (item: number, at: number) => void {
  const { dimensions, itemFactors, layout: name } = trees;
  const { vector, metric } = nodeLayout(name, dimensions);
  const vectorAt = vector >>> 2;
  const stride = Math.ceil(dimensions / 32);
  const largestSquare = metric === "dot" ? largestSquareOf(vectors, dimensions) : 0;
  // To dot's transform a hole is a vector of length 0.
  const holeFactor = Math.fround(Math.sqrt(largestSquare));
  return (item, at) => {
    const slot = slotOf(slots, item);
    if (name === "dot") {
      // Annoy marks all items as built, holes too.
      floats[at + 4] = largestSquare;
      words[at + 5] = 1;
    }
    if (metric === "dot") floats[at + 3] = slot < 0 ? holeFactor : itemFactors[slot]!;
    if (slot < 0) return;
    words[at] = 1;
    if (metric === "angular") floats[at + 1] = itemFactors[slot]!;
    if (metric === "hamming") {
      words.set(bits.subarray(slot * stride, (slot + 1) * stride), at + vectorAt);
    } else {
      floats.set(vectors.subarray(slot * dimensions, (slot + 1) * dimensions), at + vectorAt);
    }
  };
}

/** Annoy's max_norm^2: the squared length that dot's extra coordinate gives every item. */
function largestSquareOf(vectors: Float32Array, dimensions: number): number {
  let largest = 0;
  for (let at = 0; at < vectors.length; at += dimensions) {
    const row = vectors.subarray(at, at + dimensions);
    largest = Math.max(largest, Math.fround(Math.sqrt(dot(row, 0, row, dimensions))));
  }
  return Math.fround(largest * largest);
}

/** Writes one tree node at a word of a zeroed buffer. */
export function putTreeNode(
  trees: Omit<AnnoyTrees, "metric" | "nodeCount" | "itemFactors" | "roots">,
  node: number,
  at: number,
  words: Uint32Array,
  floats: Float32Array,
): void {
  const { nodes, lists, planes, offsets, dimensions } = trees;
  const layout = nodeLayout(trees.layout, dimensions);
  const child = layout.children >>> 2;
  const vector = layout.vector >>> 2;
  const w = (node - trees.nItems) * NODE_WORDS;
  const descendants = nodes[w]!;
  const first = nodes[w + 1]!;
  const second = nodes[w + 2]!;
  const plane = nodes[w + 3]!;
  words[at] = descendants;
  if (descendants <= layout.maxBucket) {
    for (let i = 0; i < second; i++) words[at + child + i] = lists[first + i]!;
    return;
  }
  words[at + child] = first;
  words[at + child + 1] = second;
  if (layout.metric === "hamming") {
    words[at + vector] = plane;
  } else if (plane !== ZERO_PLANE) {
    const offset = offsetWord(layout);
    if (offset > 0) floats[at + offset] = offsets[plane]!;
    floats.set(planes.subarray(plane * dimensions, (plane + 1) * dimensions), at + vector);
  }
}

/**
 * Writes an `.ann` file; a file of that name is replaced only when the new one is whole.
 *
 * @throws AnnoyEdgeError `CANNOT_WRITE`
 */
export function writeAnnoyFile(path: string, data: AnnoyData): void {
  let temporary: string | undefined;
  try {
    temporary = partialPath(path);
    const fd = openSync(temporary, "w");
    try {
      for (const part of annoyFileParts(data)) writeWhole(fd, part);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (cause) {
    if (temporary !== undefined) removePartial(temporary);
    throw new AnnoyEdgeError("CANNOT_WRITE", `Cannot write ${path}: ${messageOf(cause)}.`, { cause });
  }
}

/** Writes all of a part, at the current position or at `position`. */
export function writeWhole(fd: number, part: Uint8Array, position?: number): void {
  for (let done = 0; done < part.byteLength; ) {
    done += writeSync(
      fd,
      part,
      done,
      part.byteLength - done,
      position === undefined ? null : position + done,
    );
  }
}
