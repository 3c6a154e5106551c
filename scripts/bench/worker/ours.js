import { openForest } from "../../../worker/core/forest/open-forest.ts";
import { openArtifact } from "../../../worker/core/format/artifact.ts";
import { serve } from "./serve.js";

export default serve({
  open(bytes) {
    const forest = openForest(openArtifact(new Uint8Array(bytes)));
    return { search: (query, k, searchK) => forest.search(query, { k, searchK }).items };
  },
});
