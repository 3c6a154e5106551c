import { packBits, unpackBits } from "../../worker/core/forest/query.ts";
import type { SlotTable } from "../../worker/core/forest/slots.ts";
import { type AnnoyLayout, nodeLayout } from "../../worker/core/format/annoy.ts";
import { NO_SLOT } from "../../worker/core/format/constants.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { assembleTrees } from "./assemble.ts";
import type { GrownTree } from "./grow.ts";
import { growTrees, itemNumbers, type TreeOptions } from "./grow-trees.ts";
import type { AnnoyData } from "./read.ts";

/** Items on their way into an index, and the building of it. */
export interface ItemStore {
  /** Largest item number plus one. */
  readonly nItems: number;
  put(item: number, vector: Float32Array): void;
  has(item: number): boolean;
  /** The vector of an item; zeros for a hole. */
  row(item: number): Float32Array;
  build(seed: bigint, options: TreeOptions): Promise<BuiltIndex>;
  /** Drops what a build wrote, so that items can be added again. */
  unbuild(): void;
  close(): void;
}

export interface BuiltIndex {
  readonly nTrees: number;
  /** The index for searching. */
  open(): AnnoyData;
}

/** Flags of the items that exist: a growing list, a byte each. */
export class Presence {
  private flags = new Uint8Array(1024);
  nItems = 0;

  add(item: number): void {
    if (item >= this.flags.length) {
      const larger = new Uint8Array(Math.max(item + 1, 2 * this.flags.length));
      larger.set(this.flags);
      this.flags = larger;
    }
    this.flags[item] = 1;
    if (item >= this.nItems) this.nItems = item + 1;
  }

  has(item: number): boolean {
    return this.flags[item] === 1;
  }

  /** Their numbers, ascending, for threads to share. */
  items(): Uint32Array<SharedArrayBuffer> {
    let count = 0;
    for (let i = 0; i < this.nItems; i++) count += this.flags[i]!;
    const items = new Uint32Array(new SharedArrayBuffer(count * 4));
    for (let i = 0, n = 0; i < this.nItems; i++) if (this.flags[i] === 1) items[n++] = i;
    return items;
  }

  /** Every item in the slot of its own number. */
  slots(): SlotTable {
    const { nItems } = this;
    const holes = this.flags.subarray(0, nItems).includes(0);
    const itemSlots = holes ? new Uint32Array(nItems).fill(NO_SLOT) : undefined;
    if (itemSlots) for (let i = 0; i < nItems; i++) if (this.has(i)) itemSlots[i] = i;
    return { nItems, nSlots: nItems, slotItems: undefined, itemSlots };
  }
}

function allocate(bytes: number, item: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw new AnnoyEdgeError(
      "OUT_OF_MEMORY",
      `Item ${item} needs room for all items up to it, ${(bytes / 2 ** 30).toFixed(1)} GiB, which this machine does not give. Number items without gaps, or use onDiskBuild.`,
      { cause },
    );
  }
}

/** Items in shared memory that grows by half. */
export function memoryStore(layout: AnnoyLayout, dimensions: number): ItemStore {
  const { metric } = nodeLayout(layout, dimensions);
  const hamming = metric === "hamming";
  /** Words of a vector: float32 numbers, or packed bits. */
  const stride = hamming ? Math.ceil(dimensions / 32) : dimensions;
  const presence = new Presence();
  let buffer = new SharedArrayBuffer(stride * 4 * 16);
  let words = new Uint32Array(buffer);
  let floats = new Float32Array(buffer);
  const reserve = (items: number) => {
    const needed = items * stride * 4;
    if (needed <= buffer.byteLength) return;
    const rows = Math.max(items, Math.ceil((buffer.byteLength * 1.5) / (stride * 4)));
    const larger = allocate(rows * stride * 4, items - 1);
    const copied = new Uint32Array(larger);
    copied.set(words);
    buffer = larger;
    words = copied;
    floats = new Float32Array(larger);
  };
  return {
    get nItems() {
      return presence.nItems;
    },
    put(item, vector) {
      reserve(item + 1);
      if (hamming) words.set(packBits(vector), item * stride);
      else floats.set(vector, item * stride);
      presence.add(item);
    },
    has: (item) => presence.has(item),
    row(item) {
      const at = item * stride;
      if (!hamming) return new Float32Array(floats.slice(at, at + stride));
      return unpackBits(words, at, new Float32Array(dimensions));
    },
    async build(seed, options) {
      const { nItems } = presence;
      const input = {
        metric,
        dimensions,
        layout,
        nItems,
        rows: { kind: "memory", buffer, stride } as const,
        items: presence.items(),
        seed,
      };
      const numbers = itemNumbers(input);
      const trees: GrownTree[] = [];
      await growTrees({ ...input, numbers }, options, (tree) => trees.push(tree));
      const slots = presence.slots();
      const nodes = assembleTrees(layout, dimensions, slots, numbers.factors, trees);
      const data: AnnoyData = {
        trees: nodes.trees,
        nodeBytes: nodes.bytes,
        slots,
        vectors: hamming ? new Float32Array(0) : new Float32Array(buffer, 0, nItems * stride),
        bits: hamming ? new Uint32Array(buffer, 0, nItems * stride) : new Uint32Array(0),
      };
      return { nTrees: trees.length, open: () => data };
    },
    unbuild() {},
    close() {},
  };
}
