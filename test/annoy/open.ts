import type { BuiltForest } from "../../build/artifact/folder-files.ts";
import { encodeArtifact } from "../../build/artifact/layout.ts";
import { type Artifact, openArtifact } from "../../worker/core/format/artifact.ts";

/** Encodes a forest as an artifact without ids or documents, and opens it. */
export function openForTest(built: BuiltForest): Artifact {
  return openArtifact(bytesForTest(built));
}

export function bytesForTest(built: BuiltForest): Uint8Array {
  const { metric, dimensions, codec, rescore, nItems } = built.header;
  const meta = {
    name: "test",
    metric,
    dimensions,
    items: nItems,
    codec,
    rescore,
    forest: built.forest,
    embedder: null,
    certified: built.certified,
  };
  return encodeArtifact(built.header, [
    { name: "meta", hot: true, bytes: new TextEncoder().encode(JSON.stringify(meta)) },
    ...built.sections,
  ]);
}
