import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type { InputDocument } from "../../build/artifact/collect.ts";
import { openLocalIndex } from "../../build/local/local-index.ts";
import { BLOCK_ROWS, createKernel } from "../../build/numeric/kernels.ts";
import { type BuildOptions, build } from "../../build/pipeline/build.ts";
import { distanceBetween } from "../../worker/core/forest/metrics.ts";
import { SHARD_BYTES } from "../../worker/core/format/budget.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import { search } from "../../worker/core/search/search.ts";
import type { SearchResponse } from "../../worker/core/search/types.ts";
import { clusterStream } from "./million.ts";

export interface ShardedOptions {
  readonly count: number;
  readonly dimensions: number;
  /** Also builds the same vectors in one piece, and compares. */
  readonly compare: boolean;
  /** Folder to leave the artifact in; a temporary one that is removed when left out. */
  readonly keep?: string;
  readonly onNote: (line: string) => void;
}

export interface BuiltFigures {
  readonly seconds: number;
  readonly certified: number;
  /** On vectors that are not in the index, through the whole search. */
  readonly fresh: number;
  readonly standardError: number;
  readonly hotBytes: readonly number[];
}

export interface ShardedReport {
  readonly count: number;
  readonly dimensions: number;
  readonly load: string;
  /** Largest resident set of the process by the end of the sharded build, in MB. */
  readonly peakMegabytes: number;
  readonly sharded: BuiltFigures & Pick<NonNullable<Manifest["shards"]>, "probes" | "effort" | "rows">;
  readonly whole?: BuiltFigures;
}

const FRESH = 500;
const K = 10;
const SEED = 1;

/** Builds clustered vectors, made as they are read, as a sharded folder, and measures it. */
export async function runSharded({
  count,
  dimensions,
  compare,
  keep,
  onNote,
}: ShardedOptions): Promise<ShardedReport> {
  const folder = await mkdtemp(join(tmpdir(), "annoy-edge-bench-"));
  const load = loadavg()[0]!.toFixed(1);
  // Two million vectors in shards of 60 MB; fewer in as many smaller ones.
  const shardBytes = Math.round(SHARD_BYTES * Math.min(1, count / 2e6));
  try {
    const queries = [...clusterStream(FRESH, dimensions, SEED, { others: 1, clustersFor: count })];
    onNote(`exact answers of ${FRESH} fresh queries`);
    const limits = exactLimits(count, dimensions, queries);
    const make = async (out: string, options: Partial<BuildOptions>) => {
      onNote(`building ${out === "whole" ? "in one piece" : "in shards"}`);
      const began = performance.now();
      const dir = keep !== undefined && out === "cut" ? keep : join(folder, out);
      const { manifest } = await build({
        documents: () => documents(count, dimensions),
        out: dir,
        name: "sharded",
        seed: SEED,
        onProgress: notes(onNote),
        ...options,
      });
      const seconds = Math.round((performance.now() - began) / 1000);
      return { dir, manifest, seconds };
    };
    const cut = await make("cut", compare ? { shards: 4 } : { shards: "auto", shardBytes });
    const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1000);
    const sharded = { ...(await figuresOf(cut, queries, limits)), ...pick(cut.manifest) };
    onNote(`peak memory of the build ${peakMegabytes} MB`);
    const whole = compare ? await figuresOf(await make("whole", {}), queries, limits) : undefined;
    return { count, dimensions, load, peakMegabytes, sharded, ...(whole && { whole }) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function pick({ shards }: Manifest): Pick<NonNullable<Manifest["shards"]>, "probes" | "effort" | "rows"> {
  const { probes, effort, rows } = shards!;
  return { probes, effort, rows };
}

function* documents(count: number, dimensions: number): Generator<InputDocument> {
  let i = 0;
  for (const vector of clusterStream(count, dimensions, SEED))
    yield { id: `v${i++}`, pageContent: "", vector };
}

/** The distance of each query's tenth nearest: vectors pass by once. */
function exactLimits(count: number, dimensions: number, queries: readonly Float32Array[]): number[] {
  const nearest = queries.map(() => new Float64Array(K).fill(Number.POSITIVE_INFINITY));
  const kernel = createKernel(dimensions);
  const columns = new Float32Array(queries.length * dimensions);
  for (const [q, query] of queries.entries()) columns.set(query, q * dimensions);
  kernel.setColumns(columns, queries.length);
  const block = new Float32Array(BLOCK_ROWS * dimensions);
  const numbers = Uint32Array.from({ length: BLOCK_ROWS }, (_, row) => row);
  let filled = 0;
  const flush = () => {
    const scores = kernel.score(block, numbers, 0, filled);
    for (let r = 0; r < filled; r++) {
      for (const [q, list] of nearest.entries()) {
        const cost = -scores[r * kernel.width + q]!;
        if (cost >= list[K - 1]!) continue;
        list[K - 1] = cost;
        list.sort();
      }
    }
    filled = 0;
  };
  for (const vector of clusterStream(count, dimensions, SEED)) {
    block.set(vector, filled++ * dimensions);
    if (filled === BLOCK_ROWS) flush();
  }
  flush();
  return nearest.map((list) => Math.sqrt(Math.max(0, 2 + 2 * list[K - 1]!)));
}

async function figuresOf(
  { dir, manifest, seconds }: { dir: string; manifest: Manifest; seconds: number },
  queries: readonly Float32Array[],
  limits: readonly number[],
): Promise<BuiltFigures> {
  const index = await openLocalIndex(dir);
  const shares: number[] = [];
  try {
    for (const [q, query] of queries.entries()) {
      const request = parseSearchRequest({ vector: [...query], k: K, include: ["vector"] });
      const { hits }: SearchResponse = await search(index, request);
      const near = hits.filter(
        ({ vector }) =>
          vector && distanceBetween("angular", query, Float32Array.from(vector)) <= limits[q]! + 1e-6,
      );
      shares.push(near.length / K);
    }
  } finally {
    await index.close();
  }
  const fresh = shares.reduce((sum, x) => sum + x, 0) / shares.length;
  const variance = shares.reduce((sum, x) => sum + (x - fresh) ** 2, 0) / (shares.length - 1);
  return {
    seconds,
    certified: manifest.certified.recallAt10,
    fresh,
    standardError: Math.sqrt(variance / shares.length),
    hotBytes: manifest.shards?.list.map(({ hotBytes }) => hotBytes) ?? [manifest.hotBytes],
  };
}

function notes(onNote: (line: string) => void): NonNullable<BuildOptions["onProgress"]> {
  let last = "";
  return ({ phase }) => {
    if (phase !== last) onNote(phase);
    last = phase;
  };
}
