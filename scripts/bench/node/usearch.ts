import { readRows } from "../data.ts";
import { loadPackage } from "../packages.ts";
import type { NodePeer } from "./child.ts";

/** The part of usearch's interface that is used. */
interface Index {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
  search(query: Float32Array, k: number, threads: number): { keys: BigUint64Array };
  save(file: string): void;
  load(file: string): void;
}
interface Usearch {
  readonly Index: new (settings: Readonly<Record<string, string | number | boolean>>) => Index;
}

export const USEARCH = { connectivity: 16, expansion_add: 128 } as const;
/** Vectors that are added at a time. */
const BLOCK = 10_000;

export const peer: NodePeer = {
  async build({ file, dimensions, count }, index, modules) {
    const graph = create(modules, dimensions, 64);
    for (let from = 0; from < count; from += BLOCK) {
      const length = Math.min(BLOCK, count - from);
      const keys = BigUint64Array.from({ length }, (_, i) => BigInt(from + i));
      graph.add(keys, await readRows(file, dimensions, from, length), 1);
    }
    graph.save(index);
  },
  async open({ dimensions }, index, modules) {
    const openWith = (expansion: number) => {
      const graph = create(modules, dimensions, expansion);
      graph.load(index);
      return { graph, expansion };
    };
    let opened = openWith(64);
    return {
      // The binding cannot change it on an open index.
      tune(setting) {
        if (setting !== opened.expansion) opened = openWith(setting);
      },
      search: (query, k) => Array.from(opened.graph.search(query, k, 1).keys, Number),
    };
  },
};

function create(modules: string, dimensions: number, expansionSearch: number): Index {
  const { Index } = loadPackage<Usearch>(modules, "usearch");
  const fixed = { metric: "ip", quantization: "f32", multi: false, ...USEARCH };
  return new Index({ ...fixed, dimensions, expansion_search: expansionSearch });
}
