import { distanceBetween } from "../../worker/core/forest/metrics.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import type { CertifiedRecall, ShardsMeta } from "../../worker/core/format/meta.ts";
import { createForestPool } from "../forest/pool.ts";
import { sharedFloats } from "../numeric/arrays.ts";
import { meanOf, round } from "../numeric/statistics.ts";
import type { ShardAnswersTask } from "../recall/shard-answers.ts";
import { createTally, type Tally } from "../recall/shard-tally.ts";
import { createExactAnswers, type ExactAnswers } from "../recall/sharded-answers.ts";
import type { Pool } from "../threads/pool.ts";
import { chooseRoute, type Evaluation } from "./choose.ts";

/** One shard, as certification reads it. */
export interface Certifiable {
  readonly count: number;
  /** Rows that its forest was not trained on, ascending. */
  readonly heldOut: Uint32Array;
  /** Ascending item numbers of the rows, when there are holes. */
  readonly items?: Uint32Array | undefined;
  /** Whether it looks at every item, whatever the effort. */
  readonly flat: boolean;
  /** Fills `out` with its vectors, row by row. */
  read(out: Float32Array): void | Promise<void>;
  /** Some of them. */
  pick(rows: Uint32Array): Float32Array | Promise<Float32Array>;
  /** Hot part of its `forest.bin`. */
  bytes(): Promise<Uint8Array<SharedArrayBuffer>>;
}

export interface CertifySettings {
  readonly metric: Metric;
  readonly dimensions: number;
  readonly partition: ShardsMeta["partition"];
  /** One list of centroids a shard, row by row. */
  readonly centroids: readonly Float32Array[];
  readonly target: number;
  readonly jobs: number;
  readonly onProgress: (share: number) => void;
}

/** Certificate of all shards together. */
export type WholeRecall = Pick<ShardsMeta, "probes" | "effort" | "expectedSearchK" | "rows"> & {
  readonly certified: CertifiedRecall;
};

const MOST_QUERIES = 1500;
const LEAST_QUERIES = 200;
/** Multiply-adds spent on exact answers: some seconds a core. */
const BUDGET = 4e11;
const HUNDRED_QUERIES = 200;
const QUERY_CHUNK = 50;
/** Shards are certified by themselves; together they may do with less, or need more. */
const EFFORTS = [0.7, 1, 1.4, 2, 2.8];

/**
 * Measures recall of all shards together against exact search over the whole corpus, on rows that no forest was trained
 * on: shard by shard, each searched at several efforts, its vectors in memory for that time. How many centroids' shards
 * are asked follows from the merged answers. One half of the queries chooses, the other is reported.
 */
export async function certifyWhole(
  shards: readonly Certifiable[],
  settings: CertifySettings,
): Promise<WholeRecall> {
  const { metric, dimensions, onProgress } = settings;
  const picked = pickWholeQueries(shards, dimensions);
  const queries = picked.reduce((sum, rows) => sum + rows.length, 0);
  const efforts = shards.every(({ flat }) => flat) ? [1] : EFFORTS;
  const shape = { queries, shards: shards.length };
  const tens = efforts.map((effort) => createTally(metric, { ...shape, effort, k: 10 }));
  const hundreds = efforts.map((effort) =>
    createTally(metric, { ...shape, effort, k: 100, queries: Math.min(queries, HUNDRED_QUERIES) }),
  );
  const vectors = await readQueries(shards, picked, dimensions);
  const shared = { rows: sharedFloats(0), width: dimensions, spherical: false };
  const total = shards.reduce((sum, { count }) => sum + count, 0);
  const pool = createForestPool(shared, settings.jobs, total * dimensions <= 1 << 21);
  try {
    const exact = createExactAnswers(pool, { metric, dimensions, queries });
    for (const [s, shard] of shards.entries()) {
      const rows = sharedFloats((shard.count + queries) * dimensions);
      await shard.read(rows.subarray(0, shard.count * dimensions));
      rows.set(vectors, shard.count * dimensions);
      await exact.add(rows, [...picked[s]!]);
      onProgress((s + 0.5) / shards.length);
      const measured = { bytes: await shard.bytes(), edition: s };
      const asking = { pool, shard, measured, rows, dimensions, metric, held: picked[s]! };
      for (const tally of [...tens, ...hundreds]) await ask(asking, tally, s);
      onProgress((s + 1) / shards.length);
    }
    const firstProbes = routesOf(vectors, settings);
    return evaluate({ settings, shards, tens, hundreds, exact, firstProbes, queries });
  } finally {
    await pool.close();
  }
}

/** Returns each shard's part of the queries, evenly spread over those that it has held out. */
function pickWholeQueries(shards: readonly Certifiable[], dimensions: number): Uint32Array[] {
  const total = shards.reduce((sum, { count }) => sum + count, 0);
  const affordable = Math.floor(BUDGET / (total * dimensions));
  const wanted = Math.min(MOST_QUERIES, Math.max(LEAST_QUERIES, affordable));
  return shards.map(({ count, heldOut }) => {
    const part = Math.min(heldOut.length, Math.max(1, Math.round((wanted * count) / total)));
    return Uint32Array.from({ length: part }, (_, i) => heldOut[Math.floor((i * heldOut.length) / part)]!);
  });
}

/** The queries of all shards, row by row: in turns, so that any first so many are from everywhere. */
async function readQueries(
  shards: readonly Certifiable[],
  picked: readonly Uint32Array[],
  dimensions: number,
): Promise<Float32Array> {
  const found: { readonly place: number; readonly vector: Float32Array }[] = [];
  for (const [s, shard] of shards.entries()) {
    const { length } = picked[s]!;
    const rows = await shard.pick(picked[s]!);
    for (let i = 0; i < length; i++) {
      const vector = rows.subarray(i * dimensions, (i + 1) * dimensions);
      found.push({ place: (i + 0.5) / length, vector });
    }
  }
  found.sort((a, b) => a.place - b.place);
  const all = new Float32Array(found.length * dimensions);
  for (const [i, { vector }] of found.entries()) all.set(vector, i * dimensions);
  return all;
}

interface Asking extends Pick<ShardAnswersTask, "metric" | "dimensions"> {
  readonly pool: Pool;
  readonly shard: Certifiable;
  readonly measured: Pick<ShardAnswersTask, "bytes" | "edition">;
  readonly rows: Float32Array<SharedArrayBuffer>;
  readonly held: Uint32Array;
}

async function ask(
  { pool, shard, measured, rows, held, ...shape }: Asking,
  tally: Tally,
  s: number,
): Promise<void> {
  const tasks: ShardAnswersTask[] = [];
  for (let from = 0; from < tally.queries; from += QUERY_CHUNK) {
    const length = Math.min(QUERY_CHUNK, tally.queries - from);
    tasks.push({
      kind: "answers",
      ...measured,
      ...shape,
      vectors: rows,
      items: shard.items,
      held: Array.from(held, (row) => shard.items?.[row] ?? row),
      queries: Uint32Array.from({ length }, (_, i) => shard.count + from + i),
      k: tally.k,
      effort: tally.effort,
    });
  }
  for (const [i, answers] of (await pool.run(tasks)).entries()) tally.add(s, answers, i * QUERY_CHUNK);
}

/**
 * For every query and shard the number of nearest centroids that have to be looked at before the shard is met, at
 * query x shards + shard.
 */
function routesOf(
  vectors: Float32Array,
  { metric, dimensions, centroids, partition }: CertifySettings,
): Uint32Array {
  const shards = centroids.length;
  const queries = vectors.length / dimensions;
  const first = new Uint32Array(queries * shards).fill(1);
  if (partition === "random") return first;
  const all = centroids.flatMap((rows, shard) =>
    Array.from({ length: rows.length / dimensions }, (_, i) => ({
      shard,
      centroid: rows.subarray(i * dimensions, (i + 1) * dimensions),
    })),
  );
  const sign = metric === "dot" ? -1 : 1;
  for (let q = 0; q < queries; q++) {
    const query = vectors.subarray(q * dimensions, (q + 1) * dimensions);
    const costs = all.map(({ centroid }) => sign * distanceBetween(metric, query, centroid));
    const order = [...costs.keys()].sort((a, b) => costs[a]! - costs[b]! || a - b);
    first.fill(all.length + 1, q * shards, (q + 1) * shards);
    for (const [i, at] of order.entries()) {
      const place = q * shards + all[at]!.shard;
      first[place] = Math.min(first[place]!, i + 1);
    }
  }
  return first;
}

interface Measured {
  readonly settings: CertifySettings;
  readonly shards: readonly Certifiable[];
  readonly tens: readonly Tally[];
  readonly hundreds: readonly Tally[];
  readonly exact: ExactAnswers;
  readonly firstProbes: Uint32Array;
  readonly queries: number;
}

function evaluate({ settings, shards, tens, hundreds, exact, firstProbes, queries }: Measured): WholeRecall {
  const count = shards.length;
  const centroids = settings.centroids.reduce((sum, rows) => sum + rows.length / settings.dimensions, 0);
  const even = Array.from({ length: queries }, (_, q) => q).filter((q) => q % 2 === 0);
  const odd = Array.from({ length: queries }, (_, q) => q).filter((q) => q % 2 === 1);
  const shareOf = (tally: Tally, query: number, probes: number, k: number): number => {
    const wanted = exact.wanted(query, k);
    if (wanted === 0) return 1;
    const asked = (shard: number) => firstProbes[query * count + shard]! <= probes;
    return Math.min(wanted, tally.hits(query, asked, k, exact.limit(query, k))) / wanted;
  };
  const evaluation: Evaluation = {
    centroids: settings.partition === "random" ? 1 : centroids,
    efforts: tens.map(({ effort }) => effort),
    choosing: odd.length > 0 ? odd : even,
    reporting: even,
    recall: (e, query, probes) => shareOf(tens[e]!, query, probes, 10),
    asked: (query, probes) => {
      let asked = 0;
      for (let s = 0; s < count; s++) if (firstProbes[query * count + s]! <= probes) asked++;
      return asked;
    },
  };
  const { effortIndex: e, probes, met } = chooseRoute(evaluation, settings.target);
  const mean = (list: readonly number[], value: (query: number) => number) => meanOf(list, value, 1);
  const overAsked = (query: number, p: number, value: (shard: number) => number) => {
    let sum = 0;
    for (let s = 0; s < count; s++) if (firstProbes[query * count + s]! <= p) sum += value(s);
    return sum;
  };
  const deep = even.filter((q) => q < hundreds[e]!.queries);
  const recalls = (effort: number, p: number) => ({
    recallAt1: round(mean(even, (q) => shareOf(tens[effort]!, q, p, 1))),
    recallAt10: round(mean(even, (q) => shareOf(tens[effort]!, q, p, 10))),
    recallAt100: round(mean(deep, (q) => shareOf(hundreds[effort]!, q, p, 100))),
  });
  const searchKOf = (effort: number) =>
    Math.round(mean(even, (q) => overAsked(q, probes, (s) => tens[effort]!.searchK[s]!)));
  const sumOf = (effort: number, field: "candidates" | "scored") =>
    Math.round(mean(even, (q) => overAsked(q, probes, (s) => tens[effort]![field][q * count + s]!)));
  const used = settings.partition === "random" ? centroids : probes;
  return {
    probes: used,
    effort: tens[e]!.effort,
    expectedSearchK: searchKOf(e),
    rows: ladder(evaluation.centroids, probes).map((p) => ({
      probes: settings.partition === "random" ? used : p,
      shards: round(mean(even, (q) => evaluation.asked(q, p))),
      ...recalls(e, p),
    })),
    certified: {
      target: settings.target,
      queries: even.length,
      choosingQueries: odd.length,
      met,
      heldOut: true,
      rows: tens.map((_, effort) => ({
        searchK: searchKOf(effort),
        ...recalls(effort, probes),
        candidates: sumOf(effort, "candidates"),
        scored: sumOf(effort, "scored"),
      })),
      defaultSearchK: searchKOf(e),
      ...recalls(e, probes),
    },
  };
}

/** Powers of two up to all centroids, and the chosen number among them. */
function ladder(centroids: number, chosen: number): number[] {
  const steps = new Set([chosen, centroids]);
  for (let p = 1; p < centroids; p *= 2) steps.add(p);
  return [...steps].sort((a, b) => a - b);
}
