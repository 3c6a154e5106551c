import type { Artifact } from "../format/artifact.ts";
import { openFlat } from "./flat.ts";
import type { Forest } from "./types.ts";

/**
 * Opens the forest of an artifact, whichever kind it has. Views only; the time taken does not depend on the number
 * of items.
 *
 * @throws ArtifactError when a section is missing, has the wrong length or contradicts the header
 */
export function openForest(artifact: Artifact): Forest {
  return openFlat(artifact);
}
