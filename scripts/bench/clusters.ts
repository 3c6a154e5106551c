import { sharedFloats } from "../../build/numeric/arrays.ts";
import { createRandom, partSeed } from "../../build/numeric/random.ts";

/** Vectors a cluster, on average. */
const CLUSTER_SIZE = 100;
/** The share of a vector that is its own, against its centre's. */
const OWN = 0.7;
/** The spread of coordinate i is (i + 1) to the power of minus this. */
const DECAY = 0.5;

/** Description of {@link clusteredVectors}, for the report. */
export const RECIPE = `cluster centres from a normal distribution whose variance falls with 1 / i along the 384 coordinates
(the first 10 carry 45% of it, the first 100 carry 80%, about as sentence embeddings do), one centre for every
${CLUSTER_SIZE} vectors; each vector is a centre plus ${OWN} times another such draw, scaled to unit length; half of all
vectors belong to a quarter of the centres`;

/**
 * Vectors of unit length in clusters of unequal size: see {@link RECIPE}. The same for the same seed.
 *
 * @param others rows to put behind them
 */
export function clusteredVectors(
  count: number,
  dimensions: number,
  seed: number,
  others: readonly Float32Array[] = [],
): Float32Array<SharedArrayBuffer> {
  const rows = sharedFloats((count + others.length) * dimensions);
  let at = 0;
  for (const row of clusterStream(count, dimensions, seed)) {
    rows.set(row, at);
    at += dimensions;
  }
  for (const [i, row] of others.entries()) rows.set(row, at + i * dimensions);
  return rows;
}

/**
 * The same vectors one by one, each in an array of its own.
 *
 * @param others which further vectors of the same clusters instead: any number from 1 on
 * @param clustersFor the number of vectors that the clusters are for
 */
export function* clusterStream(
  count: number,
  dimensions: number,
  seed: number,
  { others = 0, clustersFor = count }: { readonly others?: number; readonly clustersFor?: number } = {},
): Generator<Float32Array> {
  const spread = Float64Array.from({ length: dimensions }, (_, i) => (i + 1) ** -DECAY);
  const clusters = Math.ceil(clustersFor / CLUSTER_SIZE);
  const centres = new Float32Array(clusters * dimensions);
  const normalOfCentres = createNormal(createRandom(partSeed(seed, 1)));
  for (let i = 0; i < centres.length; i++) centres[i] = normalOfCentres() * spread[i % dimensions]!;
  const normal = others === 0 ? normalOfCentres : createNormal(createRandom(partSeed(seed, 2 + 2 * others)));
  const pick = createRandom(partSeed(seed, others === 0 ? 2 : 3 + 2 * others));
  const row = new Float64Array(dimensions);
  for (let r = 0; r < count; r++) {
    // Squaring makes low numbers, the large clusters, more likely: density 1 / (2 sqrt(x)).
    const centre = Math.floor(pick() ** 2 * clusters) * dimensions;
    let squares = 0;
    for (let i = 0; i < dimensions; i++) {
      const x = centres[centre + i]! + OWN * spread[i]! * normal();
      row[i] = x;
      squares += x * x;
    }
    const scale = 1 / Math.sqrt(squares);
    yield Float32Array.from(row, (x) => x * scale);
  }
}

/** Normal numbers by the polar method of Marsaglia. */
function createNormal(random: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const x = spare;
      spare = undefined;
      return x;
    }
    for (;;) {
      const u = 2 * random() - 1;
      const v = 2 * random() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * scale;
      return u * scale;
    }
  };
}
