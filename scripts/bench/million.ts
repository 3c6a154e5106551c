import { encodeDraft } from "../../build/artifact/folder-files.ts";
import { buildForest } from "../../build/forest/build-forest.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Neighbours } from "../../worker/core/forest/types.ts";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import { coldPagesOf } from "../../worker/core/format/cold-pages.ts";
import { createColdReader } from "../../worker/storage/cold.ts";
import { createRangeCache } from "../../worker/storage/range-cache.ts";
import { cpuMs, medians, startClock } from "./clock.ts";
import { clusteredVectors, RECIPE } from "./clusters.ts";
import { exactNeighbours } from "./data.ts";
import { load, machine, today } from "./machine.ts";
import { note, phases } from "./tool.ts";
import { K, type MillionReport, type MillionSearch } from "./types.ts";

const DIMENSIONS = 384;
const QUERIES = 1000;
const ROUNDS = 5;

/** Builds an index of clustered vectors under codec binary, and measures it at the certified searchK. */
export async function runMillion(count: number): Promise<MillionReport> {
  const about = { date: today(), machine: machine(), load: load(), count, dimensions: DIMENSIONS };
  note(`making ${count + QUERIES} vectors`);
  const rows = clusteredVectors(count + QUERIES, DIMENSIONS, 1);
  note("exact answers");
  const truth = await exactNeighbours(rows, DIMENSIONS, count);
  const building = startClock();
  const built = await buildForest(
    {
      vectors: new Float32Array(rows.buffer, 0, count * DIMENSIONS),
      ...{ dimensions: DIMENSIONS, metric: "angular" },
    },
    {
      ...{
        trees: "auto",
        targetRecall: 0.95,
        codec: "binary",
        rescore: "int8",
        leafSize: 0,
        seed: 1,
        jobs: -1,
      },
      onProgress: phases(note),
    },
  );
  const buildSeconds = building().wall;
  const { certified } = built;
  const file = encodeDraft({ built });
  const { codec, rescore, hotBytes } = openArtifact(file, { trusted: true }).header;
  const hot = file.slice(0, hotBytes);
  const opening = startClock();
  openForest(openArtifact(hot));
  const openMs = opening().wall * 1000;
  const queries = Array.from({ length: QUERIES }, (_, q) => ({
    vector: rows.slice((count + q) * DIMENSIONS, (count + q + 1) * DIMENSIONS),
    nearest: truth.subarray(q * K, (q + 1) * K),
  }));
  return {
    ...about,
    ...{ recipe: RECIPE, codec, rescore, buildSeconds, hotBytes, fileBytes: file.byteLength, openMs },
    certifiedRecall: certified.recallAt10,
    certifiedSearchK: certified.defaultSearchK,
    searches: await measureSearches(file, hot, queries, certified.defaultSearchK),
  };
}

/** Searches in memory, and with ranged reads. */
async function measureSearches(
  file: Uint8Array,
  hot: Uint8Array,
  queries: readonly { readonly vector: Float32Array; readonly nearest: Uint32Array }[],
  searchK: number,
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
  const cold = createColdReader(coldFile, createRangeCache(0));
  type Search = (query: Float32Array) => Neighbours | Promise<Neighbours>;
  const ways: Readonly<Record<MillionSearch["tiers"], Search>> = {
    hot: (query) => index.search(query, { k: K, searchK }),
    "hot and cold": (query) => index.searchRescored!(query, { k: K, searchK }, cold),
  };
  const searches: MillionSearch[] = [];
  for (const tiers of ["hot", "hot and cold"] as const) {
    reads = 0;
    let hits = 0;
    for (const { vector, nearest } of queries) {
      const { items } = await ways[tiers](vector);
      hits += items.filter((item) => nearest.includes(item)).length;
    }
    const found = { tiers, searchK, recall: hits / (QUERIES * K), reads: reads / QUERIES };
    const all = () =>
      cpuMs(async () => {
        for (const { vector } of queries) await ways[tiers](vector);
      });
    const [ms] = await medians([all], ROUNDS);
    searches.push({ ...found, cpuMs: ms! / QUERIES });
    note(`${tiers}: recall ${found.recall.toFixed(4)}, ${(ms! / QUERIES).toFixed(2)} ms`);
  }
  return searches;
}
