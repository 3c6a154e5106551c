import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { readRows } from "../data.ts";
import type { NodePeer } from "./peer.ts";

interface Settings {
  readonly metric: "ip";
  readonly quantization: "f32";
  readonly dimensions: number;
  readonly connectivity: number;
  readonly expansion_add: number;
  readonly expansion_search: number;
  readonly multi: boolean;
}

/** The part of usearch's interface that is used. */
interface Index {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
  search(query: Float32Array, k: number, threads: number): { keys: BigUint64Array };
  save(file: string): void;
  load(file: string): void;
}
interface Usearch {
  readonly Index: new (settings: Settings) => Index;
}

export const USEARCH = { connectivity: 16, expansion_add: 128 } as const;

export const peer: NodePeer = {
  async build({ file, dimensions, count }, folder, modules) {
    const index = create(modules, dimensions, 64);
    const block = 10_000;
    for (let from = 0; from < count; from += block) {
      const n = Math.min(block, count - from);
      const rows = await readRows(file, dimensions, from, n);
      index.add(
        BigUint64Array.from({ length: n }, (_, i) => BigInt(from + i)),
        rows,
        1,
      );
    }
    index.save(join(folder, "index"));
    return (await stat(join(folder, "index"))).size;
  },
  async open({ dimensions }, folder, modules) {
    let expansion = 64;
    let index = create(modules, dimensions, expansion);
    index.load(join(folder, "index"));
    return {
      // The binding cannot change it on an open index.
      tune(setting) {
        if (setting === expansion) return;
        expansion = setting;
        index = create(modules, dimensions, expansion);
        index.load(join(folder, "index"));
      },
      search: (query, k) => Array.from(index.search(query, k, 1).keys, Number),
    };
  },
};

function create(modules: string, dimensions: number, expansionSearch: number): Index {
  const { Index } = createRequire(join(modules, "package.json"))("usearch") as Usearch;
  return new Index({
    dimensions,
    metric: "ip",
    quantization: "f32",
    ...USEARCH,
    expansion_search: expansionSearch,
    multi: false,
  });
}
