import { loadavg } from "node:os";
import { encodeArtifact } from "../../build/artifact/layout.ts";
import { buildForest } from "../../build/forest/build-forest.ts";
import { createRandom, partSeed } from "../../build/numeric/random.ts";
import { median } from "../../build/numeric/statistics.ts";
import type { ForestSettings } from "../../build/settings/options.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Neighbours } from "../../worker/core/forest/types.ts";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import { coldPagesOf } from "../../worker/core/format/cold-pages.ts";
import { createColdReader } from "../../worker/storage/cold.ts";
import { createRangeCache } from "../../worker/storage/range-cache.ts";
import { exactNeighbours } from "./data.ts";
import { machine } from "./machine.ts";
import { K, type MillionReport, type MillionSearch } from "./types.ts";

const QUERIES = 1000;
const ROUNDS = 5;
const ROUND_QUERIES = 200;

export interface MillionOptions {
  readonly count: number;
  readonly dimensions: number;
  readonly settings?: Partial<ForestSettings>;
  readonly onNote?: (line: string) => void;
}

/** Vectors a cluster, on average. */
const CLUSTER_SIZE = 100;
/** The share of a vector that is its own, against its centre's. */
const OWN = 0.7;
/** The spread of coordinate i is (i + 1) to the power of minus this. */
const DECAY = 0.5;

/** Description of {@link clusteredVectors}, for the report. */
const RECIPE = `cluster centres from a normal distribution whose variance falls with 1 / i along the 384 coordinates
(the first 10 carry 45% of it, the first 100 carry 80%, about as sentence embeddings do), one centre for every
${CLUSTER_SIZE} vectors; each vector is a centre plus ${OWN} times another such draw, scaled to unit length; half of all
vectors belong to a quarter of the centres`;

/** Vectors of unit length in clusters of unequal size: see {@link RECIPE}. The same for the same seed. */
export function clusteredVectors(
  count: number,
  dimensions: number,
  seed: number,
): Float32Array<SharedArrayBuffer> {
  const rows = new Float32Array(new SharedArrayBuffer(count * dimensions * 4));
  let at = 0;
  for (const row of clusterStream(count, dimensions, seed)) {
    rows.set(row, at);
    at += dimensions;
  }
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

/** Builds an index of clustered vectors under codec binary, and measures it. */
export async function runMillion({
  count,
  dimensions,
  settings = {},
  onNote = () => {},
}: MillionOptions): Promise<MillionReport> {
  const load = loadavg()[0]!.toFixed(1);
  onNote(`making ${count + QUERIES} vectors`);
  const rows = clusteredVectors(count + QUERIES, dimensions, 1);
  onNote("exact answers");
  const truth = await exactNeighbours(rows, dimensions, count);
  onNote("building");
  const began = performance.now();
  const vectors = new Float32Array(rows.buffer, 0, count * dimensions);
  const built = await buildForest(
    { vectors, dimensions, metric: "angular" },
    {
      trees: "auto",
      targetRecall: 0.95,
      codec: "binary",
      rescore: "int8",
      leafSize: 0,
      seed: 1,
      jobs: -1,
      onProgress: progressNotes(onNote),
      ...settings,
    },
  );
  const buildSeconds = (performance.now() - began) / 1000;
  const { header, codec, rescore, forest, certified } = built;
  const meta = {
    name: "million",
    metric: header.metric,
    dimensions,
    codec,
    items: count,
    forest,
    certified,
    embedder: null,
  };
  const file = encodeArtifact(header, [
    { name: "meta", hot: true, bytes: Buffer.from(JSON.stringify(meta)) },
    ...built.sections,
  ]);
  const { hotBytes } = openArtifact(file, { trusted: true }).header;
  const hot = file.slice(0, hotBytes);
  const openMs = millisecondsOf(() => openForest(openArtifact(hot)));
  const searches = await measureSearches(
    { file, hot, rows, truth, count, dimensions },
    certified.rows,
    onNote,
  );
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    load,
    count,
    dimensions,
    recipe: RECIPE,
    codec,
    rescore,
    buildSeconds,
    hotBytes,
    fileBytes: file.byteLength,
    certifiedRecall: certified.recallAt10,
    certifiedSearchK: certified.defaultSearchK,
    openMs,
    searches,
  };
}

interface Measured {
  readonly file: Uint8Array;
  readonly hot: Uint8Array;
  /** Vectors, then queries. */
  readonly rows: Float32Array;
  readonly truth: Uint32Array;
  readonly count: number;
  readonly dimensions: number;
}

/** Searches at each searchK of the certified table, in memory and with ranged reads. */
async function measureSearches(
  { file, hot, rows, truth, count, dimensions }: Measured,
  table: readonly { readonly searchK: number }[],
  onNote: (line: string) => void,
): Promise<MillionSearch[]> {
  const index = openForest(openArtifact(hot, { trusted: true }));
  // Stands for a ranged read of R2: what it costs is waiting, not CPU time.
  let reads = 0;
  const readOne = async (offset: number, length: number) => {
    reads++;
    return file.slice(offset, offset + length);
  };
  // Without a cache of pages: every query is the first.
  const pages = coldPagesOf(index.artifact);
  const coldFile = { key: "million", bytes: file.length, pages, read: readOne };
  const read = createColdReader(coldFile, createRangeCache(0));
  const { searchRescored } = index;
  const ways: Record<MillionSearch["tiers"], (query: Float32Array, searchK: number) => Promise<Neighbours>> =
    {
      hot: async (query, searchK) => index.search(query, { k: K, searchK }),
      "hot and cold": async (query, searchK) =>
        (searchRescored ?? index.search)(query, { k: K, searchK }, read),
    };
  const searches: MillionSearch[] = [];
  for (const tiers of searchRescored ? (["hot", "hot and cold"] as const) : (["hot"] as const)) {
    for (const { searchK } of table) {
      let hits = 0;
      reads = 0;
      const rounds: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const before = process.cpuUsage();
        for (let i = 0; i < ROUND_QUERIES; i++) {
          const q = round * ROUND_QUERIES + i;
          const at = (count + q) * dimensions;
          const nearest = truth.subarray(q * K, (q + 1) * K);
          const { items } = await ways[tiers](rows.slice(at, at + dimensions), searchK);
          for (const item of items) if (nearest.includes(item)) hits++;
        }
        const { user, system } = process.cpuUsage(before);
        rounds.push((user + system) / 1000 / ROUND_QUERIES);
      }
      const asked = ROUNDS * ROUND_QUERIES;
      const found = {
        tiers,
        searchK,
        recall: hits / (asked * K),
        cpuMs: median(rounds),
        reads: reads / asked,
      };
      onNote(`${tiers}, searchK ${searchK}: recall ${found.recall.toFixed(4)}, ${found.cpuMs.toFixed(2)} ms`);
      searches.push(found);
    }
  }
  return searches;
}

function millisecondsOf(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

function progressNotes(onNote: (line: string) => void): NonNullable<ForestSettings["onProgress"]> {
  let last = "";
  return ({ phase, done, total }) => {
    const line = `${phase} ${Math.floor((done / total) * 10) * 10}%`;
    if (line !== last) onNote(line);
    last = line;
  };
}
