import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import { ISOLATE_BYTES } from "../../worker/core/format/budget.ts";
import { ANNOY_FLAGS, compileAnnoy } from "./native/compile.ts";
import { HNSWLIB } from "./node/hnswlib.ts";
import { USEARCH } from "./node/usearch.ts";
import { installPackages, type PackageName } from "./packages.ts";
import { processContender } from "./process.ts";
import type { Contender, DataSet } from "./types.ts";
import { type WorkerOptions, workerContender, writeInt8, writeVectors } from "./worker/contender.ts";

/** Vectors of peers that need minutes for more, or answer a few queries a second. */
const FEW_ITEMS = 20_000;

/** All contenders, in the order of the report. */
export function allContenders(): Contender[] {
  return [
    ...ownContenders(),
    ...[10, 25, 50, 100].map(annoyContender),
    processContender({
      ...{ id: "hnswlib", peer: "hnswlib", label: "hnswlib-node" },
      note: `M ${HNSWLIB.m}, efConstruction ${HNSWLIB.efConstruction}, float32, one thread`,
      settings: expansions,
      program: nodeProgram("./hnswlib.ts", "peer", "hnswlib-node"),
    }),
    processContender({
      ...{ id: "usearch", peer: "usearch", label: "usearch" },
      note: `connectivity ${USEARCH.connectivity}, expansion ${USEARCH.expansion_add}, float32, one thread`,
      settings: expansions,
      program: nodeProgram("./usearch.ts", "peer", "usearch"),
    }),
    workerContender({
      ...{ id: "flat-int8", peer: "flat-int8", label: "flat int8 scan, WASM SIMD", settings: oneSetting },
      note: "every vector's int8 code, query in int8",
      write: writeInt8,
    }),
    workerContender({
      ...{ id: "flat-float32", peer: "flat-float32", label: "flat float32 scan, TypeScript" },
      ...{ note: "every vector", settings: oneSetting, buildId: "vectors", write: writeVectors },
      declines: ({ count, dimensions }) =>
        // A Worker needs some memory besides the vectors.
        count * dimensions * 4 > ISOLATE_BYTES * 0.9 ? "the vectors alone fill a Worker's 128 MB" : undefined,
    }),
    library({
      ...{ id: "edgevec", peer: "edgevec", label: "edgevec", packages: ["edgevec"] },
      note: "HNSW in WebAssembly, as it comes",
    }),
    library({
      ...{ id: "edgevec-200", peer: "edgevec", label: "edgevec, ef 200", packages: ["edgevec"] },
      note: "HNSW in WebAssembly, ef_search 200",
      opening: { efSearch: 200 },
    }),
    library({
      ...{ id: "voy", peer: "voy", label: "voy-search", packages: ["voy-search"] },
      note: "k-d tree in WebAssembly",
    }),
    library({
      ...{ id: "orama", peer: "orama", label: "Orama", packages: ["@orama/orama"] },
      note: "vector search, any similarity",
    }),
    library({
      ...{ id: "langchain", peer: "langchain", label: "LangChain memory store" },
      packages: ["@langchain/classic", "@langchain/core"],
      note: "MemoryVectorStore of @langchain/classic",
    }),
  ];
}

/** Names of peers, for `--only`. */
export const PEERS = [...new Set(allContenders().map(({ peer }) => peer))];

function ownContenders(): Contender[] {
  const ours = { peer: "ours", settings: searchKs, certified: certifiedIn };
  return [
    processContender({
      ...ours,
      ...{ id: "ours-node", label: "annoy-edge, Node" },
      note: "int8 codes and int4 codes of what they leave (`--rescore int4`), built on all cores",
      program: nodeProgram("./ours.ts", "peer"),
    }),
    processContender({
      ...ours,
      ...{ id: "ours-int8", label: "annoy-edge int8, Node" },
      note: "int8 codes alone: what a Worker holds of an index built by default",
      program: nodeProgram("./ours.ts", "int8"),
    }),
    workerContender({
      ...ours,
      ...{ id: "ours-worker", buildId: "ours-node", label: "annoy-edge, Worker" },
      note: "the same file, inside workerd",
      write: () => Promise.reject(new Error("The index of annoy-edge is built in Node.")),
    }),
  ];
}

/** Annoy in C++, single-threaded, with a fixed number of trees. */
function annoyContender(trees: number): Contender {
  return processContender({
    ...{ id: `annoy-${trees}`, peer: "annoy", label: `Annoy C++, ${trees} trees` },
    note: `annoylib.h with ${ANNOY_FLAGS.join(" ")}, ${trees} trees, built on one thread`,
    settings: () => geometric(200, 800_000, 2),
    program: async () => [await compileAnnoy(), String(trees)],
  });
}

/** A library that builds its index in the Worker, from the vectors. */
function library({
  packages,
  ...about
}: Pick<WorkerOptions, "id" | "peer" | "label" | "note" | "opening"> & {
  readonly packages: readonly PackageName[];
}): Contender {
  return workerContender({
    ...about,
    ...{ settings: oneSetting, buildId: "vectors", write: writeVectors },
    install: () => installPackages(...packages),
    declines: ({ count }) =>
      count > FEW_ITEMS ? `${FEW_ITEMS.toLocaleString("en-US")} vectors at most` : undefined,
  });
}

/** Starts node/child.ts with a peer of a module beside it, and the packages that the peer takes. */
function nodeProgram(module: string, name: string, ...packages: PackageName[]) {
  return async () => [
    ...[process.execPath, join(import.meta.dirname, "node", "child.ts"), module, name],
    packages.length > 0 ? await installPackages(...packages) : "",
  ];
}

/** Facts of our own index, from its manifest. */
async function certifiedIn(folder: string): Promise<{ searchK: number; certified: number }> {
  const { meta } = openArtifact(new Uint8Array(await readFile(join(folder, "index"))));
  if (!meta.certified) throw new Error(`The index in ${folder} certifies nothing.`);
  return { searchK: meta.certified.defaultSearchK, certified: meta.certified.recallAt10 };
}

function oneSetting(): number[] {
  return [0];
}

/** Expansions of a graph's search. */
function expansions(): number[] {
  return geometric(10, 1280, 2);
}

/** searchK from a five-hundredth of the items to all of them. */
function searchKs({ count }: DataSet): number[] {
  return geometric(count / 512, count, Math.SQRT2);
}

/** `from` to `to`, each `factor` times the one before, as whole numbers. */
function geometric(from: number, to: number, factor: number): number[] {
  const values: number[] = [];
  for (let x = from; x <= to; x *= factor) values.push(Math.round(x));
  return values;
}
