import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeDraft } from "../../../build/artifact/folder-files.ts";
import { buildForest } from "../../../build/forest/build-forest.ts";
import type { ForestSettings } from "../../../build/settings/options.ts";
import { openForest } from "../../../worker/core/forest/open-forest.ts";
import { openArtifact } from "../../../worker/core/format/artifact.ts";
import { readRows } from "../data.ts";
import type { NodePeer } from "./peer.ts";

const SETTINGS: ForestSettings = {
  trees: "auto",
  targetRecall: 0.95,
  codec: "int8",
  rescore: "int4",
  leafSize: 0,
  seed: 1,
  jobs: -1,
};

/** The project's own forest: int8 codes, and int4 codes of what they leave, all resident. */
export const peer = oursWith({});

/** A peer that builds with some settings of its own. */
export function oursWith(settings: Partial<ForestSettings>): NodePeer {
  return {
    async build({ file, dimensions, count }, folder) {
      const rows = await readRows(file, dimensions, 0, count);
      const vectors = new Float32Array(new SharedArrayBuffer(rows.byteLength));
      vectors.set(rows);
      const input = { vectors, dimensions, metric: "angular" } as const;
      const built = await buildForest(input, { ...SETTINGS, ...settings });
      const bytes = encodeDraft({ built });
      await writeFile(join(folder, "index"), bytes);
      return bytes.byteLength;
    },
    async open(_set, folder) {
      const bytes = await readFile(join(folder, "index"));
      const forest = openForest(openArtifact(bytes));
      return { search: (query, k, searchK) => forest.search(query, { k, searchK }).items };
    },
  };
}
