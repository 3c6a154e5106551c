import { readFile, writeFile } from "node:fs/promises";
import { encodeDraft } from "../../../build/artifact/folder-files.ts";
import { buildForest } from "../../../build/forest/build-forest.ts";
import { sharedFloats } from "../../../build/numeric/arrays.ts";
import type { ForestSettings } from "../../../build/settings/options.ts";
import { openForest } from "../../../worker/core/forest/open-forest.ts";
import { openArtifact } from "../../../worker/core/format/artifact.ts";
import { readRows } from "../data.ts";
import type { NodePeer } from "./child.ts";

/** The project's own forest: int8 codes, and int4 codes of what they leave, all resident. */
export const peer = oursWith("int4");
/** int8 codes and nothing finer: what the Worker holds of an index built by default. */
export const int8 = oursWith("none");

function oursWith(rescore: ForestSettings["rescore"]): NodePeer {
  return {
    async build({ file, dimensions, count }, index) {
      const vectors = sharedFloats(count * dimensions);
      vectors.set(await readRows(file, dimensions, 0, count));
      const built = await buildForest(
        { vectors, dimensions, metric: "angular" },
        { trees: "auto", targetRecall: 0.95, codec: "int8", rescore, leafSize: 0, seed: 1, jobs: -1 },
      );
      await writeFile(index, encodeDraft({ built }));
    },
    async open(_set, index) {
      const forest = openForest(openArtifact(await readFile(index)));
      return { search: (query, k, searchK) => forest.search(query, { k, searchK }).items };
    },
  };
}
