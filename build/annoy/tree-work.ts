import { type AnnoyLayout, nodeLayout } from "../../worker/core/format/annoy.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import type { Task } from "../threads/pool.ts";
import { type GrownTree, growTree } from "./grow.ts";
import { Kiss64 } from "./random.ts";
import { openRows, type Rows, type RowsLocation } from "./rows.ts";
import { createSplitter, type ItemNumbers, type Splitter } from "./splits.ts";

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

/** Grows one tree, by its number. */
export interface TreeTask extends Task<GrownTree> {
  readonly kind: "tree";
  readonly number: number;
}

/** Grows the trees of one work; rows are opened by the first tree, and scratch is kept from tree to tree. */
export function treeRunner(): { run(work: TreeWork, task: TreeTask): GrownTree; close(): void } {
  let opened: { readonly rows: Rows; readonly splitter: Splitter } | undefined;
  return {
    run({ metric, dimensions, layout, nItems, items, seed, numbers, ...work }, { number }) {
      const rows = opened?.rows ?? openRows(work.rows);
      opened ??= { rows, splitter: createSplitter(metric, dimensions, rows, numbers) };
      const { maxBucket } = nodeLayout(layout, dimensions);
      const settings = { nItems, maxBucket, hamming: metric === "hamming" };
      return growTree(settings, opened.splitter, items, new Kiss64(seed + BigInt(number)));
    },
    close: () => opened?.rows.close(),
  };
}
