import { encodeArtifact, type SectionSource } from "../../build/artifact/layout.ts";
import { type Artifact, openArtifact } from "../../worker/core/format/artifact.ts";
import type { ArtifactMeta } from "../../worker/core/format/meta.ts";

/** An artifact without vectors, for tests of other sections. Checksums are right whatever the sections hold. */
export function artifactOf(nItems: number, sections: readonly SectionSource[]): Artifact {
  const meta: ArtifactMeta = {
    name: "test",
    metric: "angular",
    dimensions: 1,
    items: nItems,
    codec: "float32",
    rescore: "none",
    forest: { kind: "flat", trees: 0, splitNodes: 0, leafNodes: 0, leafSize: 0, seed: 0 },
    embedder: null,
    certified: {
      target: 1,
      queries: 0,
      heldOut: false,
      rows: [],
      defaultSearchK: 1,
      recallAt1: 1,
      recallAt10: 1,
      recallAt100: 1,
    },
  };
  const fields = {
    metric: "angular",
    codec: "float32",
    forestKind: "flat",
    rescore: "none",
    dimensions: 1,
    nItems,
    nSlots: nItems,
    nTrees: 0,
    defaultSearchK: 1,
    seed: 0,
    leafSize: 0,
    certifiedRecall: 1,
  } as const;
  const bytes = new TextEncoder().encode(JSON.stringify(meta));
  return openArtifact(encodeArtifact(fields, [{ name: "meta", hot: true, bytes }, ...sections]));
}
