// biome-ignore-all lint/complexity/useMaxParams: called for every iteration on shared buffers.
import { lengthOf } from "../numeric/arrays.ts";
import { BLOCK_ROWS, type ScoreKernel } from "../numeric/kernels.ts";
import { createRandom, sample } from "../numeric/random.ts";

export interface Clustering {
  /** `count` rows of `width` numbers: unit directions (spherical) or means. */
  readonly centroids: Float32Array;
  readonly count: number;
}

export interface ClusterSettings {
  readonly clusters: number;
  readonly spherical: boolean;
  readonly seed: number;
  readonly iterations: number;
  /** Rows a cluster that are looked at while the centroids move. */
  readonly sampleRows: number;
}

/**
 * Lloyd's k-means over `training`, row numbers into `rows`. Spherical: centroids are unit vectors and the largest
 * inner product decides; otherwise means and the smallest Euclidean distance. A cluster that loses all its rows
 * restarts at a random row. O(iterations x sample x clusters x width); one thread, one fixed order, so the result
 * depends on nothing but the arguments.
 */
export function cluster(
  rows: Float32Array,
  width: number,
  kernel: ScoreKernel,
  training: Uint32Array,
  settings: ClusterSettings,
): Clustering {
  const random = createRandom(settings.seed);
  const count = Math.max(1, Math.min(settings.clusters, training.length));
  const used = sample(training, settings.sampleRows * count, random);
  const centroids = new Float32Array(count * width);
  const starts = sample(used, count, random);
  /** Centres that are directions get unit length: a longer one would attract all rows. */
  const placeAt = (row: number, c: number) => {
    copyRow(rows, row, centroids, c, width);
    const length = settings.spherical ? lengthOf(centroids, c * width, width) : 0;
    if (length > 0) for (let j = c * width; j < (c + 1) * width; j++) centroids[j]! /= length;
  };
  for (let c = 0; c < count; c++) placeAt(starts[c] ?? 0, c);
  if (training.length === 0) return { centroids, count };
  const labels = new Uint32Array(used.length);
  const sums = new Float64Array(count * width);
  const sizes = new Uint32Array(count);
  for (let iteration = 0; iteration < settings.iterations; iteration++) {
    assign(kernel, rows, used, { centroids, count }, settings.spherical, labels);
    sums.fill(0);
    sizes.fill(0);
    for (let i = 0; i < used.length; i++) {
      const at = used[i]! * width;
      const to = labels[i]! * width;
      sizes[labels[i]!]!++;
      addTo(sums, to, rows, at, width);
    }
    for (let c = 0; c < count; c++) {
      if (sizes[c] === 0) {
        placeAt(used[Math.floor(random() * used.length)]!, c);
        continue;
      }
      setMean(centroids, sums, c, width, settings.spherical ? 0 : sizes[c]!);
    }
  }
  return { centroids, count };
}

/** Writes the nearest cluster of every listed row into `labels`; of equals the first. */
export function assign(
  kernel: ScoreKernel,
  rows: Float32Array,
  list: Uint32Array,
  { centroids, count }: Clustering,
  spherical: boolean,
  labels: Uint32Array,
): void {
  const width = centroids.length / count;
  kernel.setColumns(centroids, count);
  const biases = new Float32Array(count);
  if (!spherical) {
    for (let c = 0; c < count; c++) {
      let squares = 0;
      for (let j = 0; j < width; j++) squares += centroids[c * width + j]! ** 2;
      biases[c] = -squares / 2;
    }
  }
  for (let from = 0; from < list.length; from += BLOCK_ROWS)
    kernel.label(rows, list, from, Math.min(BLOCK_ROWS, list.length - from), biases, labels);
}

/** A function of its own, which V8 compiles once and soon. */
function addTo(sums: Float64Array, to: number, rows: Float32Array, at: number, width: number): void {
  for (let j = 0; j < width; j++) sums[to + j]! += rows[at + j]!;
}

/** The mean of `size` rows, or, where that is 0, the direction of their sum. */
function setMean(centroids: Float32Array, sums: Float64Array, c: number, width: number, size: number): void {
  let squares = 0;
  for (let j = c * width; j < (c + 1) * width; j++) squares += sums[j]! ** 2;
  const divisor = size || Math.sqrt(squares) || 1;
  for (let j = c * width; j < (c + 1) * width; j++) centroids[j] = sums[j]! / divisor;
}

function copyRow(rows: Float32Array, row: number, centroids: Float32Array, c: number, width: number): void {
  centroids.set(rows.subarray(row * width, (row + 1) * width), c * width);
}
