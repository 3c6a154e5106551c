import { loadavg } from "node:os";
import { encodeDraft } from "../../build/artifact/folder-files.ts";
import { buildForest } from "../../build/forest/build-forest.ts";
import { median } from "../../build/numeric/statistics.ts";
import type { ForestSettings } from "../../build/settings/options.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Neighbours } from "../../worker/core/forest/types.ts";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import { coldPagesOf } from "../../worker/core/format/cold-pages.ts";
import { createColdReader } from "../../worker/storage/cold.ts";
import { createRangeCache } from "../../worker/storage/range-cache.ts";
import { clusteredVectors, RECIPE } from "./clusters.ts";
import { exactNeighbours } from "./data.ts";
import { machine } from "./machine.ts";
import { K, type MillionReport, type MillionSearch } from "./types.ts";

const QUERIES = 1000;
const ROUNDS = 5;
const ROUND_QUERIES = 200;

export interface MillionOptions {
  readonly count: number;
  readonly dimensions: number;
  readonly onNote: (line: string) => void;
}

/** Builds an index of clustered vectors under codec binary, and measures it. */
export async function runMillion({ count, dimensions, onNote }: MillionOptions): Promise<MillionReport> {
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
    },
  );
  const buildSeconds = (performance.now() - began) / 1000;
  const { codec, rescore, certified } = built;
  const file = encodeDraft({ built });
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
