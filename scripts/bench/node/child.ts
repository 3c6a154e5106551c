import { createInterface } from "node:readline";
import { startClock } from "../clock.ts";
import { readRows } from "../data.ts";
import { type DataFile, K } from "../types.ts";

/** A library that runs in Node. */
export interface NodePeer {
  /** Builds an index and writes it to a file. @param modules folder whose `node_modules` holds the library */
  build(set: DataFile, index: string, modules: string): Promise<void>;
  /** Opens it; the time this takes, with that of one search, is the time to the first answer. */
  open(set: DataFile, index: string, modules: string): Promise<Searcher>;
}

export interface Searcher {
  /** Prepares for a setting; not measured. */
  tune?(setting: number): void;
  search(query: Float32Array, k: number, setting: number): ArrayLike<number>;
}

// The process of a library: process.ts has its arguments and lines.
const [module = "", name = "", modules = "", verb, file = "", ...rest] = process.argv.slice(2);
const [count = 0, dimensions = 0, nQueries = 0] = rest.map(Number);
const set = { file, count, dimensions, nQueries };
const index = rest.at(-1)!;
const { [name]: peer } = (await import(module)) as Readonly<Record<string, NodePeer>>;
if (verb === "build") await build(peer!);
else await serve(peer!);

async function build(peer: NodePeer): Promise<void> {
  const read = startClock();
  await peer.build(set, index, modules);
  const { cpu, wall } = read();
  console.log(`${cpu} ${wall}`);
}

async function serve(peer: NodePeer): Promise<void> {
  const queries = await readRows(file, dimensions, count, nQueries);
  const query = (i: number) => {
    const at = (i % nQueries) * dimensions;
    return queries.subarray(at, at + dimensions);
  };
  const before = process.memoryUsage.rss();
  const began = performance.now();
  const searcher = await peer.open(set, index, modules);
  searcher.search(query(0), K, 100);
  console.log(`${performance.now() - began} ${before}`);
  for await (const line of createInterface({ input: process.stdin })) {
    const [setting = 0, from = 0, asked = 0] = line.split(" ").map(Number);
    searcher.tune?.(setting);
    const items = new Int32Array(asked * K).fill(-1);
    const read = startClock();
    for (let i = 0; i < asked; i++) {
      const found = searcher.search(query(from + i), K, setting);
      for (let j = 0; j < found.length; j++) items[i * K + j] = found[j]!;
    }
    const { cpu, wall } = read();
    console.log(`${cpu} ${wall}\n${items.join(" ")}`);
  }
}
