import { type AnnoyLayout, nodeLayout } from "../../worker/core/format/annoy.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import { type GrownTree, growTree } from "./grow.ts";
import { Kiss64 } from "./random.ts";
import type { Rows, RowsLocation } from "./rows.ts";
import { createSplitter, type ItemNumbers } from "./splits.ts";

/** Input of growing trees. Everything large is shared memory or a file, so that threads need no copy. */
export interface TreeInput {
  readonly metric: Metric;
  readonly dimensions: number;
  readonly layout: AnnoyLayout;
  /** Largest item number plus one. */
  readonly nItems: number;
  readonly rows: RowsLocation;
  /** Ascending numbers of the items that exist. */
  readonly items: Uint32Array<SharedArrayBuffer>;
  readonly seed: bigint;
}

/** The input with what is computed of every item once. */
export interface TreeWork extends TreeInput {
  readonly numbers: ItemNumbers;
}

/** Grows tree number t of some work; scratch is kept from tree to tree. */
export function treeGrower(work: TreeWork, rows: Rows): (tree: number) => GrownTree {
  const { metric, dimensions, nItems, items } = work;
  const { maxBucket } = nodeLayout(work.layout, dimensions);
  const splitter = createSplitter(metric, dimensions, rows, work.numbers);
  const settings = { nItems, maxBucket, hamming: metric === "hamming" };
  return (tree) => growTree(settings, splitter, items, new Kiss64(work.seed + BigInt(tree)));
}
