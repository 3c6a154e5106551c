import { loadavg } from "node:os";
import type { InputDocument } from "../../build/artifact/collect.ts";
import { readManifest } from "../../build/artifact/folder.ts";
import { percentile } from "../../build/numeric/statistics.ts";
import { build } from "../../build/pipeline/build.ts";
import { createClient, type IndexResponse } from "../../worker/client/index.ts";
import { freePort, publishLocally, serve } from "../demo/index.ts";
import { clusteredVectors, clusterStream } from "./clusters.ts";
import { exactNeighbours } from "./data.ts";
import { machine } from "./machine.ts";
import { K } from "./types.ts";

const DIMENSIONS = 128;
const SEED = 1;
/** Queries before the ones that count, so that engines have compiled what runs. */
const REHEARSAL = 100;

type Note = (line: string) => void;

/** Builds clustered vectors, made as they are read, unless they are there. Notes the time and the memory that it takes. */
export async function buildClusters(
  out: string,
  {
    count,
    shards,
    onNote,
  }: { readonly count: number; readonly shards: number | "auto"; readonly onNote: Note },
): Promise<void> {
  const there = await readManifest(out).catch(() => undefined);
  if (there) return;
  const began = performance.now();
  let last = "";
  await build({
    ...{ documents: () => documents(count), out, name: "sharded", seed: SEED },
    ...(shards !== 1 && { shards }),
    onProgress({ phase }) {
      if (phase !== last) onNote(phase);
      last = phase;
    },
  });
  const seconds = (performance.now() - began) / 1000;
  const megabytes = process.resourceUsage().maxRSS / 1000;
  onNote(`built in ${seconds.toFixed(0)} s, with ${megabytes.toFixed(0)} MB of memory at most`);
}

function* documents(count: number): Generator<InputDocument> {
  let i = 0;
  for (const vector of clusterStream(count, DIMENSIONS, SEED))
    yield { id: `v${i++}`, pageContent: "", vector };
}

export interface ServeOptions {
  /** Root of the project, which holds wrangler.toml. */
  readonly root: string;
  /** An artifact of {@link buildClusters}. */
  readonly artifact: string;
  /** Local state that it is published to, and served from. */
  readonly state: string;
  readonly queries: number;
  /** Searches in flight at once. */
  readonly connections: number;
  readonly onNote: Note;
}

export interface ServedReport {
  readonly date: string;
  readonly machine: string;
  /** One-minute load at the beginning and when the queries had run. */
  readonly load: readonly [string, string];
  readonly count: number;
  readonly dimensions: number;
  readonly publishSeconds: number;
  readonly shards: IndexResponse["shards"];
  readonly certified: number;
  readonly queries: number;
  readonly connections: number;
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
 * Publishes an artifact of clustered vectors locally, serves it from workerd, and asks it vectors that it does not hold,
 * over HTTP. Recall is held against exact search.
 */
export async function serveClusters(options: ServeOptions): Promise<ServedReport> {
  const { root, artifact, state, queries, connections, onNote } = options;
  const loadBefore = loadavg()[0]!.toFixed(1);
  const { name, items: count, dimensions } = await readManifest(artifact);

  onNote("publishing");
  const publishing = performance.now();
  await publishLocally(artifact, { root, persistTo: state });
  const publishSeconds = (performance.now() - publishing) / 1000;

  onNote(`exact answers to ${queries} queries`);
  const { vectors, truth } = await freshQueries(queries, count, dimensions);

  onNote("serving");
  const server = await serve({
    root,
    port: await freePort(),
    persistTo: state,
    variables: { INDEX_NAME: name, LOG: "off", SHARD_TIMEOUT_SECONDS: "30" },
    patience: 180_000,
  });
  try {
    const client = createClient(server.url, { timeout: 120_000, retries: 0 });
    await client.warmUp();
    const index = await client.index();
    for (const vector of vectors.slice(0, REHEARSAL)) await ask(server.url, vector);
    onNote(`asking ${queries} vectors`);
    const times: number[] = [];
    let found = 0;
    let asked = 0;
    let partial = 0;
    let next = 0;
    const began = performance.now();
    const connection = async (): Promise<void> => {
      while (next < queries) {
        const q = next++;
        const started = performance.now();
        const answer = await ask(server.url, vectors[q]!);
        times.push(performance.now() - started);
        const nearest = truth.subarray(q * K, (q + 1) * K);
        found += answer.items.filter((item) => nearest.includes(item)).length;
        asked += answer.asked;
        if (answer.partial) partial++;
      }
    };
    await Promise.all(Array.from({ length: connections }, connection));
    const seconds = (performance.now() - began) / 1000;
    times.sort((a, b) => a - b);
    return {
      date: new Date().toISOString().slice(0, 10),
      machine: machine(),
      load: [loadBefore, loadavg()[0]!.toFixed(1)],
      ...{ count, dimensions, publishSeconds, queries, connections, partial },
      shards: index.shards,
      certified: index.certified.recallAt10,
      recallAt10: found / (queries * K),
      p50: percentile(times, 0.5),
      p90: percentile(times, 0.9),
      p99: percentile(times, 0.99),
      perSecond: queries / seconds,
      asked: asked / queries,
    };
  } finally {
    await server.stop();
  }
}

/** Vectors of the same clusters that are not in the index, and the items nearest to each. */
async function freshQueries(
  queries: number,
  count: number,
  dimensions: number,
): Promise<{ vectors: number[][]; truth: Uint32Array }> {
  const fresh = [...clusterStream(queries, dimensions, SEED, { others: 1, clustersFor: count })];
  const rows = clusteredVectors(count, dimensions, SEED, fresh);
  return { vectors: fresh.map((row) => [...row]), truth: await exactNeighbours(rows, dimensions, count) };
}

async function ask(
  url: string,
  vector: readonly number[],
): Promise<{ items: number[]; asked: number; partial: boolean }> {
  const response = await fetch(new URL("/v1/search", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ vector, k: K, include: [] }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  const { hits, partial } = (await response.json()) as { hits: { item: number }[]; partial?: true };
  const [, asked = "0"] =
    /shards;desc="\d+ of (\d+)"/.exec(response.headers.get("server-timing") ?? "") ?? [];
  return { items: hits.map(({ item }) => item), asked: Number(asked), partial: partial === true };
}
