import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { readRows } from "../data.ts";
import type { NodePeer } from "./peer.ts";

/** The part of hnswlib-node's interface that is used. */
interface HierarchicalNSW {
  initIndex(options: { maxElements: number; m: number; efConstruction: number; randomSeed: number }): void;
  addPoint(point: number[], label: number): void;
  setEf(ef: number): void;
  searchKnn(query: number[], k: number): { neighbors: number[] };
  writeIndexSync(file: string): void;
  readIndexSync(file: string): void;
}
interface Hnswlib {
  readonly HierarchicalNSW: new (space: "ip", dimensions: number) => HierarchicalNSW;
}

const library = (modules: string) => createRequire(join(modules, "package.json"))("hnswlib-node") as Hnswlib;

export const HNSWLIB = { m: 16, efConstruction: 100 } as const;

export const peer: NodePeer = {
  async build({ file, dimensions, count }, folder, modules) {
    const { HierarchicalNSW } = library(modules);
    const rows = await readRows(file, dimensions, 0, count);
    const index = new HierarchicalNSW("ip", dimensions);
    index.initIndex({ maxElements: count, ...HNSWLIB, randomSeed: 100 });
    for (let i = 0; i < count; i++) {
      index.addPoint(Array.from(rows.subarray(i * dimensions, (i + 1) * dimensions)), i);
    }
    index.writeIndexSync(join(folder, "index"));
    return (await stat(join(folder, "index"))).size;
  },
  async open({ dimensions }, folder, modules) {
    const { HierarchicalNSW } = library(modules);
    const index = new HierarchicalNSW("ip", dimensions);
    index.readIndexSync(join(folder, "index"));
    return {
      tune: (ef) => index.setEf(ef),
      search: (query, k) => index.searchKnn(Array.from(query), k).neighbors,
    };
  },
};
