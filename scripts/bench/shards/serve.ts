import { readManifest } from "../../../build/artifact/folder.ts";
import { percentile } from "../../../build/numeric/statistics.ts";
import { createClient, type IndexResponse } from "../../../worker/client/index.ts";
import { publishLocally, serve } from "../../demo/index.ts";
import { startClock } from "../clock.ts";
import { clusteredVectors, clusterStream } from "../clusters.ts";
import { exactNeighbours } from "../data.ts";
import { load, machine, today } from "../machine.ts";
import { note, ROOT } from "../tool.ts";
import { K } from "../types.ts";

export const DIMENSIONS = 128;
export const SEED = 1;
/** Queries before the ones that count, so that engines have compiled what runs. */
const REHEARSAL = 100;

export interface ServeOptions {
  /** Vectors of the index. */
  readonly count: number;
  /** Local state that it is published to, and served from. */
  readonly state: string;
  readonly queries: number;
  /** Searches in flight at once. */
  readonly connections: number;
}

export interface ServedReport extends Pick<ServeOptions, "count" | "queries" | "connections"> {
  readonly date: string;
  readonly machine: string;
  /** One-minute load at the beginning and when the queries had run. */
  readonly load: readonly [string, string];
  readonly dimensions: number;
  readonly publishSeconds: number;
  readonly shards: IndexResponse["shards"];
  readonly certified: number;
  readonly recallAt10: number;
  /** Milliseconds over HTTP, from sending to the parsed answer. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly perSecond: number;
  /** Mean number of shards a query asked. */
  readonly asked: number;
  readonly partial: number;
}

/**
 * Publishes an artifact of clustered vectors locally, serves it from workerd, and asks it vectors of the same clusters
 * that it does not hold, over HTTP. Recall is held against exact search.
 */
export async function serveClusters(artifact: string, options: ServeOptions): Promise<ServedReport> {
  const { state, queries, connections } = options;
  const loadBefore = load();
  const { name, items: count } = await readManifest(artifact);
  const target = { root: ROOT, persistTo: state };

  note("publishing");
  const publishing = startClock();
  await publishLocally(artifact, target);
  const publishSeconds = publishing().wall;

  note(`exact answers to ${queries} queries`);
  const vectors = [...clusterStream(queries, DIMENSIONS, SEED, { others: 1, clustersFor: count })];
  const truth = await exactNeighbours(clusteredVectors(count, DIMENSIONS, SEED, vectors), DIMENSIONS, count);

  note("serving");
  await using server = await serve({
    ...target,
    variables: { INDEX_NAME: name, LOG: "off", SHARD_TIMEOUT_SECONDS: "30" },
    patience: 180_000,
  });
  const client = createClient(server.url, { timeout: 120_000, retries: 0 });
  await client.warmUp();
  const { shards, certified } = await client.index();
  for (const vector of vectors.slice(0, REHEARSAL)) await ask(server.url, vector);
  note(`asking ${queries} vectors`);
  const times: number[] = [];
  const sum = { found: 0, asked: 0, partial: 0 };
  let next = 0;
  const asking = startClock();
  const connection = async (): Promise<void> => {
    while (next < queries) {
      const q = next++;
      const read = startClock();
      const { items, asked, partial } = await ask(server.url, vectors[q]!);
      times.push(read().wall * 1000);
      const nearest = truth.subarray(q * K, (q + 1) * K);
      sum.found += items.filter((item) => nearest.includes(item)).length;
      sum.asked += asked;
      sum.partial += Number(partial);
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  const perSecond = queries / asking().wall;
  times.sort((a, b) => a - b);
  return {
    ...{ date: today(), machine: machine(), load: [loadBefore, load()], count, dimensions: DIMENSIONS },
    ...{ publishSeconds, shards, certified: certified.recallAt10, queries, connections },
    recallAt10: sum.found / (queries * K),
    ...{ p50: percentile(times, 0.5), p90: percentile(times, 0.9), p99: percentile(times, 0.99), perSecond },
    ...{ asked: sum.asked / queries, partial: sum.partial },
  };
}

async function ask(
  url: string,
  vector: Float32Array,
): Promise<{ items: number[]; asked: number; partial: boolean }> {
  const response = await fetch(new URL("/v1/search", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ vector: [...vector], k: K, include: [] }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  const { hits, partial } = (await response.json()) as { hits: { item: number }[]; partial?: true };
  const [, asked] = /shards;desc="\d+ of (\d+)"/.exec(response.headers.get("server-timing") ?? "") ?? [];
  return { items: hits.map(({ item }) => item), asked: Number(asked ?? 0), partial: partial === true };
}
