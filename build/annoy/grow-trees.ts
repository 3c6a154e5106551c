import { availableParallelism } from "node:os";
import { dot } from "../../worker/core/forest/annoy/distances.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Progress } from "../settings/progress.ts";
import { createPool, moduleBeside } from "../threads/pool.ts";
import type { GrownTree } from "./grow.ts";
import { openRows, type Rows } from "./rows.ts";
import type { ItemNumbers } from "./splits.ts";
import { type TreeInput, type TreeTask, type TreeWork, treeRunner } from "./tree-work.ts";

export interface TreeOptions {
  /** Number of trees; -1: until there are twice as many nodes as items, as in Annoy. */
  readonly nTrees: number;
  /** Threads; -1: one a core. Never changes the trees. */
  readonly nJobs: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Below this many numbers in all vectors threads cost more than they save. */
const INLINE_WORK = 2_000_000;

/**
 * Grows an Annoy forest. Tree t draws its random numbers from seed + t alone, as Annoy's own threads do, so the
 * trees are the same for any number of jobs; `onTree` gets them in order.
 *
 * @returns how many trees were grown
 */
export async function growTrees(
  work: TreeWork,
  options: TreeOptions,
  onTree: (tree: GrownTree) => void,
): Promise<number> {
  checkCounts(options);
  let nodes = work.nItems;
  let done = 0;
  const wanted = options.nTrees === -1 ? Number.POSITIVE_INFINITY : options.nTrees;
  const enough = () => done >= wanted || (options.nTrees === -1 && nodes >= 2 * work.nItems);
  const accept = (tree: GrownTree) => {
    onTree(tree);
    done++;
    nodes += tree.nodes.length / 4;
    options.onProgress?.({
      phase: "forest",
      done,
      total: Number.isFinite(wanted) ? wanted : Math.ceil((done * work.nItems) / (nodes - work.nItems)),
    });
  };
  if (enough()) return 0;
  const cores = options.nJobs === -1 ? availableParallelism() : options.nJobs;
  const jobs = Math.min(wanted, cores);
  const runner = treeRunner();
  const small = work.items.length * work.dimensions < INLINE_WORK;
  const thread = moduleBeside(import.meta.url, "thread");
  const pool = createPool({ jobs, small, shared: work, thread, runTask: runner.run });
  /** Trees under way, in their order: one a thread, and as many that wait, so that none idles. */
  const ahead: Promise<GrownTree>[] = [];
  let started = 0;
  const start = () => {
    const task: TreeTask = { kind: "tree", number: started++ };
    const tree = pool.run([task]).then(([grown]) => grown!);
    // Those behind one that fails, or behind the last that is wanted, are not awaited.
    tree.catch(() => {});
    ahead.push(tree);
  };
  const most = jobs === 1 || small ? 1 : 2 * jobs;
  try {
    while (!enough()) {
      while (ahead.length < most && started < wanted) start();
      accept(await ahead.shift()!);
    }
  } finally {
    await pool.close();
    runner.close();
  }
  return done;
}

function checkCounts({ nTrees, nJobs }: TreeOptions): void {
  if (!Number.isInteger(nTrees) || (nTrees < 1 && nTrees !== -1)) {
    throw new AnnoyEdgeError(
      "BAD_TREE_COUNT",
      `The number of trees must be at least 1, or -1 to let it follow from the number of items; it is ${nTrees}.`,
    );
  }
  if (!Number.isInteger(nJobs) || (nJobs < 1 && nJobs !== -1)) {
    throw new AnnoyEdgeError(
      "BAD_JOB_COUNT",
      `The number of jobs must be at least 1, or -1 for all cores; it is ${nJobs}.`,
    );
  }
}

/** Annoy's numbers of each item: angular's squared lengths; dot's extra coordinates, by Bachrach et al. (2014). */
export function itemNumbers(
  input: Pick<TreeInput, "metric" | "dimensions" | "nItems" | "rows" | "items">,
): ItemNumbers {
  const { metric, nItems, items } = input;
  const needed = metric === "angular" || metric === "dot" ? nItems : 0;
  const factors = new Float32Array(new SharedArrayBuffer(needed * 4));
  const norms = new Float32Array(new SharedArrayBuffer(metric === "dot" ? needed * 4 : 0));
  if (needed === 0) return { factors, norms, largestSquare: 0 };
  const rows = openRows(input.rows);
  for (const item of items) factors[item] = squareOf(rows, item, input.dimensions);
  rows.close();
  if (metric === "angular") return { factors, norms, largestSquare: 0 };
  const { fround, sqrt } = Math;
  let largest = 0;
  for (const item of items) largest = Math.max(largest, fround(sqrt(factors[item]!)));
  const largestSquare = fround(largest * largest);
  for (const item of items) {
    const square = factors[item]!;
    const length = fround(sqrt(square));
    const rest = fround(largestSquare - fround(length * length));
    const factor = rest < 0 ? 0 : fround(sqrt(rest));
    factors[item] = factor;
    norms[item] = fround(sqrt(fround(square + fround(factor * factor))));
  }
  return { factors, norms, largestSquare };
}

function squareOf(rows: Rows, item: number, dimensions: number): number {
  const at = rows.at(item);
  const row = rows.floats.subarray(at, at + dimensions);
  return dot(row, 0, row, dimensions);
}
