import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openForest } from "../../../worker/forest/open.ts";
import { openArtifact } from "../../../worker/format/artifact.ts";
import { encodeArtifact } from "../../artifact/write.ts";
import { buildForest } from "../../forest/build.ts";
import type { ForestSettings } from "../../forest/types.ts";
import { readRows } from "../data.ts";
import type { NodePeer } from "./peer.ts";

const SETTINGS: ForestSettings = {
  trees: "auto",
  targetRecall: 0.95,
  codec: "int8",
  rescore: "none",
  leafSize: 0,
  seed: 1,
  jobs: -1,
};

/** The project's own forest, as the command line builds it by default. */
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
    await writeFile(join(folder, "index"), bytes);
    return bytes.byteLength;
  },
  async open(_set, folder) {
    const bytes = await readFile(join(folder, "index"));
    const forest = openForest(openArtifact(bytes));
    return { search: (query, k, searchK) => forest.search(query, { k, searchK }).items };
  },
};
