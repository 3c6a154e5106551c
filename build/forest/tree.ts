import type { Geometry } from "../numeric/geometry.ts";
import { partSeed } from "../numeric/random.ts";
import type { Pool } from "../threads/pool.ts";
import type { AssignTask, SplitTask } from "./tasks.ts";

/** A node while it is built: a split node with children, or a leaf with rows. */
export interface TreeNode {
  /** `width` numbers: a unit direction (spherical) or a mean. */
  readonly centroid: Float32Array;
  readonly children?: readonly TreeNode[];
  /** Ascending. */
  readonly rows?: Uint32Array;
}

/** Split nodes have at most this many children before a second level pays. */
const WIDEST_ROOT = 128;
/** Few rounds over nearly all rows of a leaf find better leaves than many rounds over some. */
const ITERATIONS = 6;
const SAMPLE_ROWS = 96;
const TOP_SAMPLE_ROWS = 256;
const CHUNK = 8192;

/** Settings of one tree. */
interface TreeSettings {
  /** Rows that centroids are trained on; `isTraining` marks them. */
  readonly training: Uint32Array;
  readonly isTraining: Uint8Array;
  readonly leafSize: number;
  readonly seed: number;
}

/**
 * Grows one tree: k-means into as many leaves as items / leafSize, in one level or two. Every row goes to its nearest
 * centroid; centroids are trained on the `training` rows alone, so that recall can be measured on the others.
 * Returns the children of the root. The seed and the input alone decide, not the number of threads.
 */
export async function growTree(
  geometry: Geometry,
  pool: Pool,
  { training, isTraining, leafSize, seed }: TreeSettings,
  onProgress: (share: number) => void,
): Promise<TreeNode[]> {
  const { width, spherical } = geometry;
  const count = geometry.rows.length / width;
  const all = Uint32Array.from({ length: count }, (_, i) => i);
  const leaves = Math.max(1, Math.ceil(count / leafSize));
  const topClusters = leaves <= WIDEST_ROOT ? leaves : Math.round(Math.sqrt(leaves));
  const settings = { clusters: topClusters, spherical, iterations: ITERATIONS, sampleRows: TOP_SAMPLE_ROWS };
  const first: SplitTask = {
    kind: "split",
    list: new Uint32Array(0),
    training,
    settings: { ...settings, seed: partSeed(seed, 0) },
  };
  const [top] = await pool.run([first]);
  onProgress(0.2);
  const clustering = { centroids: top!.centroids, count: top!.count };
  const chunks: AssignTask[] = [];
  for (let from = 0; from < count; from += CHUNK) {
    chunks.push({ kind: "assign", list: all.slice(from, from + CHUNK), clustering });
  }
  const labels = await pool.run(chunks, {
    onDone: (done) => onProgress(0.2 + (0.2 * done) / chunks.length),
  });
  const parts = partition(all, labels, clustering.count);
  const centroidOf = (centroids: Float32Array, c: number) => centroids.slice(c * width, (c + 1) * width);
  if (leaves <= WIDEST_ROOT) {
    onProgress(1);
    return parts
      .map((rows, c) => ({ centroid: centroidOf(clustering.centroids, c), rows }))
      .filter((n) => n.rows.length > 0);
  }
  const splits: SplitTask[] = parts.map((list, c) => ({
    kind: "split",
    list,
    training: list.filter((row) => isTraining[row]),
    settings: {
      ...settings,
      clusters: Math.max(1, Math.round(list.length / leafSize)),
      sampleRows: SAMPLE_ROWS,
      seed: partSeed(seed, c + 1),
    },
  }));
  const results = await pool.run(splits, {
    onDone: (done) => onProgress(0.4 + (0.6 * done) / splits.length),
  });
  const nodes: TreeNode[] = [];
  for (const [c, list] of parts.entries()) {
    if (list.length === 0) continue;
    const { centroids, labels, count: clusters } = results[c]!;
    const children = partition(list, [labels], clusters)
      .map((rows, i) => ({ centroid: centroidOf(centroids, i), rows }))
      .filter((node) => node.rows.length > 0);
    nodes.push({ centroid: centroidOf(clustering.centroids, c), children });
  }
  return nodes;
}

/** Rows of each label, in the order of the list. */
function partition(list: Uint32Array, labels: readonly Uint32Array[], count: number): Uint32Array[] {
  const sizes = new Uint32Array(count);
  for (const part of labels) for (const label of part) sizes[label]!++;
  const parts = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  let i = 0;
  for (const part of labels) for (const label of part) parts[label]![sizes[label]!++] = list[i++]!;
  return parts;
}
