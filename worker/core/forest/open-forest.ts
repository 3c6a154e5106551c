import type { Artifact } from "../format/artifact.ts";
import { openAnnoyForest } from "./annoy/forest.ts";
import { openCompact } from "./compact/forest.ts";
import { openFlat } from "./flat.ts";
import type { Forest } from "./types.ts";

/**
 * Opens the forest of an artifact, whichever kind it has. Views only: the time taken grows with the number of nodes,
 * not of items.
 *
 * @throws ArtifactError when a section is missing, has the wrong length or contradicts the header
 */
export function openForest(artifact: Artifact): Forest {
  switch (artifact.header.forestKind) {
    case "annoy":
      return openAnnoyForest(artifact);
    case "compact":
      return openCompact(artifact);
    case "flat":
      return openFlat(artifact);
  }
}
