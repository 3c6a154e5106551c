import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openForest } from "../../../worker/forest/open.ts";
import { openArtifact } from "../../../worker/format/artifact.ts";
import { encodeArtifact } from "../../artifact/write.ts";
import { buildForest } from "../../forest/build.ts";
import type { ForestSettings } from "../../forest/types.ts";
import { readRows } from "../data.ts";
import type { NodePeer, Searcher } from "./peer.ts";

const SETTINGS: ForestSettings = {
  trees: "auto",
  targetRecall: 0.95,
  codec: "int8",
  rescore: "float32",
  leafSize: 0,
  seed: 1,
  jobs: -1,
};

/** The hot part alone, which is what a Worker loads. */
const HOT = "index";
/** The whole file: behind the hot part lie the exact vectors. */
export const WHOLE = "whole";

/** The project's own forest as the command line builds it by default, searched by its hot part alone. */
export const peer: NodePeer = {
  async build({ file, dimensions, count }, folder) {
    const rows = await readRows(file, dimensions, 0, count);
    const vectors = new Float32Array(new SharedArrayBuffer(rows.byteLength));
    vectors.set(rows);
    const built = await buildForest({ vectors, dimensions, metric: "angular" }, SETTINGS);
    const meta = {
      name: "bench",
      metric: "angular",
      dimensions,
      codec: built.codec,
      items: count,
      forest: built.forest,
      certified: built.certified,
      embedder: null,
    };
    const bytes = encodeArtifact(built.header, [
      { name: "meta", hot: true, bytes: Buffer.from(JSON.stringify(meta)) },
      ...built.sections,
    ]);
    const { hotBytes } = openArtifact(bytes, { trusted: true }).header;
    await writeFile(join(folder, HOT), bytes.subarray(0, hotBytes));
    await writeFile(join(folder, WHOLE), bytes);
    return hotBytes;
  },
  open: (_set, folder) => openFile(join(folder, HOT)),
};

export async function openFile(file: string): Promise<Searcher> {
  const bytes = await readFile(file);
  const forest = openForest(openArtifact(bytes));
  return {
    bytes: bytes.byteLength,
    search: (query, k, searchK) => forest.search(query, { k, searchK }).items,
  };
}
