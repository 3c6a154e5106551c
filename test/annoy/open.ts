import { type BuiltForest, encodeDraft } from "../../build/artifact/folder-files.ts";
import { type Artifact, openArtifact } from "../../worker/core/format/artifact.ts";

/** Encodes a forest as an artifact without ids or documents, and opens it. */
export function openForTest(built: BuiltForest): Artifact {
  return openArtifact(encodeDraft({ built }));
}
