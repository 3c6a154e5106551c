import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import { ISOLATE_BYTES } from "../../worker/core/format/budget.ts";
import { annoyContender, geometric } from "./native/contender.ts";
import { nodeContender } from "./node/contender.ts";
import { HNSWLIB } from "./node/hnswlib.ts";
import { USEARCH } from "./node/usearch.ts";
import { installPackages, type PackageName } from "./packages.ts";
import type { Contender, DataSet } from "./types.ts";
import { workerContender, writeInt8, writeVectors } from "./worker/contender.ts";

/** Choices of `--only`. */
export const PEERS = [
  "ours",
  "annoy",
  "hnswlib",
  "usearch",
  "flat-int8",
  "flat-float32",
  "edgevec",
  "voy",
  "orama",
  "langchain",
] as const;
export type PeerName = (typeof PEERS)[number];

const TREES = [10, 25, 50, 100];
/** Peers that need minutes for more, or answer a few queries a second. */
const FEW_ITEMS = 20_000;
const ONE_SETTING = () => [0];

/** All contenders, in the order of the report. @param annoylib folder with other headers of Annoy */
export function allContenders(cache: string, annoylib?: string): Contender[] {
  return [
    ...ownContenders(cache),
    ...TREES.map((trees) => annoyContender({ cache, trees, headers: annoylib })),
    ...graphContenders(cache),
    ...scanContenders(cache),
    ...libraryContenders(cache),
  ];
}

function ownContenders(cache: string): Contender[] {
  const ours = nodeContender({
    id: "ours-node",
    peer: "ours",
    label: "annoy-edge, Node",
    where: "node",
    note: "int8 codes and int4 codes of what they leave (`--rescore int4`), built on all cores",
    module: "./ours.ts",
    settings: searchKs,
    certified: certifiedIn,
    install: async () => "",
  });
  return [
    ours,
    nodeContender({
      id: "ours-int8",
      peer: "ours",
      label: "annoy-edge int8, Node",
      where: "node",
      note: "int8 codes alone: what a Worker holds of an index built by default",
      module: "./ours-int8.ts",
      settings: searchKs,
      certified: certifiedIn,
      install: async () => "",
    }),
    workerContender({
      id: "ours-worker",
      peer: "ours",
      buildId: ours.buildId,
      label: "annoy-edge, Worker",
      note: "the same file, inside workerd",
      cache,
      worker: "ours",
      settings: searchKs,
      certified: certifiedIn,
      write: () => Promise.reject(new Error("The index of annoy-edge is built in Node.")),
    }),
  ];
}

/** Native graphs, whose effort is their expansion. */
function graphContenders(cache: string): Contender[] {
  const expansions = () => geometric(10, 1280, 2);
  return [
    nodeContender({
      id: "hnswlib",
      peer: "hnswlib",
      label: "hnswlib-node",
      where: "native",
      note: `M ${HNSWLIB.m}, efConstruction ${HNSWLIB.efConstruction}, float32, one thread`,
      module: "./hnswlib.ts",
      settings: expansions,
      install: () => installPackages(cache, "hnswlib-node"),
    }),
    nodeContender({
      id: "usearch",
      peer: "usearch",
      label: "usearch",
      where: "native",
      note: `connectivity ${USEARCH.connectivity}, expansion ${USEARCH.expansion_add}, float32, one thread`,
      module: "./usearch.ts",
      settings: expansions,
      install: () => installPackages(cache, "usearch"),
    }),
  ];
}

function scanContenders(cache: string): Contender[] {
  return [
    workerContender({
      id: "flat-int8",
      peer: "flat-int8",
      label: "flat int8 scan, WASM SIMD",
      note: "every vector's int8 code, query in int8",
      cache,
      worker: "flat-int8",
      settings: ONE_SETTING,
      write: writeInt8,
    }),
    workerContender({
      id: "flat-float32",
      peer: "flat-float32",
      label: "flat float32 scan, TypeScript",
      note: "every vector",
      cache,
      worker: "flat-float32",
      buildId: "vectors",
      settings: ONE_SETTING,
      write: writeVectors,
      declines: ({ count, dimensions }: DataSet) =>
        // A Worker needs some memory besides the vectors.
        count * dimensions * 4 > ISOLATE_BYTES * 0.9 ? "the vectors alone fill a Worker's 128 MB" : undefined,
    }),
  ];
}

/** Libraries that build their index in the Worker, from the vectors. */
function libraryContenders(cache: string): Contender[] {
  const inWorker = (
    peer: PeerName,
    label: string,
    note: string,
    packages: readonly PackageName[],
    efSearch?: number,
  ) =>
    workerContender({
      id: efSearch === undefined ? peer : `${peer}-${efSearch}`,
      peer,
      label,
      note,
      cache,
      worker: peer,
      settings: ONE_SETTING,
      install: () => installPackages(cache, ...packages),
      write: writeVectors,
      buildId: "vectors",
      ...(efSearch !== undefined && { opening: { efSearch } }),
      declines: ({ count }) =>
        count > FEW_ITEMS ? `${FEW_ITEMS.toLocaleString("en-US")} vectors at most` : undefined,
    });
  return [
    inWorker("edgevec", "edgevec", "HNSW in WebAssembly, as it comes", ["edgevec"]),
    inWorker("edgevec", "edgevec, ef 200", "HNSW in WebAssembly, ef_search 200", ["edgevec"], 200),
    inWorker("voy", "voy-search", "k-d tree in WebAssembly", ["voy-search"]),
    inWorker("orama", "Orama", "vector search, any similarity", ["@orama/orama"]),
    inWorker("langchain", "LangChain memory store", "MemoryVectorStore of @langchain/classic", [
      "@langchain/classic",
      "@langchain/core",
    ]),
  ];
}

/** Facts of our own index, from its manifest. */
async function certifiedIn(folder: string): Promise<{ searchK: number; certified: number }> {
  const { meta } = openArtifact(new Uint8Array(await readFile(join(folder, "index"))));
  if (!meta.certified) throw new Error(`The index in ${folder} certifies nothing.`);
  return { searchK: meta.certified.defaultSearchK, certified: meta.certified.recallAt10 };
}

/** searchK from a five-hundredth of the items to all of them. */
function searchKs({ count }: DataSet): number[] {
  return geometric(count / 512, count, Math.SQRT2);
}
