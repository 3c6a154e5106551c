import type { Metric } from "../../worker/core/format/constants.ts";
import type { Clustering } from "../forest/kmeans.ts";
import { createForestPool } from "../forest/pool.ts";
import type { AssignTask, SplitTask } from "../forest/tasks.ts";
import { sharedFloats } from "../numeric/arrays.ts";
import { createRandom, partSeed, sample } from "../numeric/random.ts";
import type { Pool } from "../threads/pool.ts";
import { groupClusters, type Piece } from "./group.ts";
import { isSpherical, toSpace } from "./space.ts";
import type { Spool } from "./spool.ts";

/** Clusters a shard that the vectors are cut into before they are gathered, and at most in all. */
const CLUSTERS_PER_SHARD = 32;
const MOST_CLUSTERS = 2048;
/** Rows a cluster that are looked at to find the clusters, and bytes of them at most. */
const SAMPLE_ROWS = 64;
const SAMPLE_BYTES = 128 << 20;
const ITERATIONS = 10;
/** Ratio of the largest shard to the mean, where its bytes would allow more. */
const IMBALANCE = 1.25;
const TASK_ROWS = 8192;
const BLOCK_TASKS = 8;
/** Work for threads to share: below it they cost more than they save. */
const SMALL = 1 << 20;
const SEED_PART = 1 << 22;

export interface PartitionSettings {
  readonly metric: Metric;
  readonly shards: number;
  readonly partition: "clusters" | "random";
  /** Items that a shard holds at most. */
  readonly cap: number;
  readonly seed: number;
  readonly jobs: number;
  readonly onProgress: (share: number) => void;
}

/**
 * Assigns each row to a shard. Clusters: k-means of a sample, every row to its nearest centroid, the clusters gathered
 * into groups of about equal size that lie together. Depends on nothing but rows, settings and seed; holds the sample,
 * one block of rows and six bytes a row.
 */
export async function partitionRows(spool: Spool, settings: PartitionSettings): Promise<Uint16Array> {
  const { shards, partition, seed } = settings;
  if (shards === 1) return new Uint16Array(spool.count);
  if (partition === "random") return dealOut(spool.count, shards, seed);
  const { clustering, labels } = await clusterRows(spool, settings);
  const sizes = new Uint32Array(clustering.count);
  for (const label of labels) sizes[label]!++;
  const pieces = [...sizes.entries()].map(([cluster, rows]): Piece => ({ cluster, rows }));
  const clusters = { centroids: clustering.centroids, dimensions: spool.dimensions };
  const balanced = Math.ceil((spool.count / shards) * IMBALANCE);
  const groups = groupClusters(
    clusters,
    pieces.filter(({ rows }) => rows > 0),
    shards,
    Math.min(settings.cap, balanced),
  );
  return ownersOf(labels, groups);
}

/** Equal shares at random: each row to a shard with a chance in proportion to what the shard still lacks. */
function dealOut(count: number, shards: number, seed: number): Uint16Array {
  const random = createRandom(partSeed(seed, SEED_PART));
  const lacks = Array.from(
    { length: shards },
    (_, s) => Math.floor((count * (s + 1)) / shards) - Math.floor((count * s) / shards),
  );
  return Uint16Array.from({ length: count }, (_, row) => {
    let place = Math.floor(random() * (count - row));
    const shard = lacks.findIndex((lack) => {
      place -= lack;
      return place < 0;
    });
    lacks[shard]!--;
    return shard;
  });
}

async function clusterRows(
  spool: Spool,
  { metric, shards, seed, jobs, onProgress }: PartitionSettings,
): Promise<{ clustering: Clustering; labels: Uint16Array }> {
  const { count, dimensions } = spool;
  const clusters = Math.min(CLUSTERS_PER_SHARD * shards, MOST_CLUSTERS, count);
  const affordable = Math.floor(SAMPLE_BYTES / (4 * dimensions));
  const picked = sample(
    Uint32Array.from({ length: count }, (_, row) => row),
    Math.max(clusters, Math.min(affordable, SAMPLE_ROWS * clusters)),
    createRandom(partSeed(seed, SEED_PART)),
  );
  const blockRows = TASK_ROWS * BLOCK_TASKS;
  const rows = sharedFloats(Math.max(picked.length, Math.min(count, blockRows)) * dimensions);
  const spherical = isSpherical(metric);
  const pool = createForestPool({ rows, width: dimensions, spherical }, jobs, count * dimensions <= SMALL);
  try {
    for (const [i, row] of picked.entries()) {
      spool.read(row, rows.subarray(i * dimensions, (i + 1) * dimensions));
    }
    toSpace(metric, rows.subarray(0, picked.length * dimensions), dimensions);
    const training: SplitTask = {
      kind: "split",
      list: new Uint32Array(0),
      training: Uint32Array.from(picked.keys()),
      settings: { clusters, spherical, iterations: ITERATIONS, sampleRows: SAMPLE_ROWS, seed },
    };
    const [clustering] = await pool.run([training]);
    onProgress(0.3);
    const labels = new Uint16Array(count);
    for (let first = 0; first < count; first += blockRows) {
      const block = rows.subarray(0, Math.min(blockRows, count - first) * dimensions);
      spool.read(first, block);
      toSpace(metric, block, dimensions);
      await assignBlock(pool, block.length / dimensions, clustering!, labels.subarray(first));
      onProgress(0.3 + (0.7 * (first + block.length / dimensions)) / count);
    }
    return { clustering: clustering!, labels };
  } finally {
    await pool.close();
  }
}

/** Labels the first `count` rows of the pool's memory. */
async function assignBlock(
  pool: Pool,
  count: number,
  { centroids, count: clusters }: Clustering,
  labels: Uint16Array,
): Promise<void> {
  const numbers = Uint32Array.from({ length: count }, (_, row) => row);
  const tasks: AssignTask[] = [];
  for (let from = 0; from < count; from += TASK_ROWS) {
    const list = numbers.subarray(from, from + TASK_ROWS);
    tasks.push({ kind: "assign", list, clustering: { centroids, count: clusters } });
  }
  let at = 0;
  for (const part of await pool.run(tasks)) {
    labels.set(part, at);
    at += part.length;
  }
}

/** The group of every row; a cluster that several groups share is given out in the order of its rows. */
function ownersOf(labels: Uint16Array, groups: readonly (readonly Piece[])[]): Uint16Array {
  const queues = new Map<number, { readonly shard: number; left: number }[]>();
  for (const [shard, pieces] of groups.entries()) {
    for (const { cluster, rows } of pieces) {
      const queue = queues.get(cluster) ?? [];
      queue.push({ shard, left: rows });
      queues.set(cluster, queue);
    }
  }
  return labels.map((label) => {
    const queue = queues.get(label)!;
    const next = queue[0]!;
    if (--next.left === 0) queue.shift();
    return next.shard;
  });
}
