import { readRows } from "../data.ts";
import { loadPackage } from "../packages.ts";
import type { NodePeer } from "./child.ts";

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

export const HNSWLIB = { m: 16, efConstruction: 100 } as const;

export const peer: NodePeer = {
  async build({ file, dimensions, count }, index, modules) {
    const rows = await readRows(file, dimensions, 0, count);
    const graph = create(modules, dimensions);
    graph.initIndex({ maxElements: count, ...HNSWLIB, randomSeed: 100 });
    for (let i = 0; i < count; i++) {
      graph.addPoint(Array.from(rows.subarray(i * dimensions, (i + 1) * dimensions)), i);
    }
    graph.writeIndexSync(index);
  },
  async open({ dimensions }, index, modules) {
    const graph = create(modules, dimensions);
    graph.readIndexSync(index);
    return {
      tune: (ef) => graph.setEf(ef),
      search: (query, k) => graph.searchKnn(Array.from(query), k).neighbors,
    };
  },
};

function create(modules: string, dimensions: number): HierarchicalNSW {
  const { HierarchicalNSW } = loadPackage<Hnswlib>(modules, "hnswlib-node");
  return new HierarchicalNSW("ip", dimensions);
}
