import { describe, expect, it } from "vitest";
import { openArtifactEmbedder } from "../../worker/core/embedding/artifact.ts";
import type { Artifact } from "../../worker/core/format/artifact.ts";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import type { EmbedderIdentity } from "../../worker/core/format/meta.ts";
import { encodeArtifact, type SectionSource } from "../artifact/layout.ts";
import { embedCorpus, loadStaticEmbedder } from "./index.ts";

const embedder = await loadStaticEmbedder();
const corpus = await embedCorpus(embedder, ["a dog", "my car"]);

function artifact(
  identity: EmbedderIdentity | null,
  sections: readonly SectionSource[],
  dimensions = 256,
): Artifact {
  const meta = {
    name: "test",
    metric: "angular",
    dimensions,
    codec: "float32",
    embedder: identity,
    certified: { target: 0.95, defaultSearchK: 1, rows: [] },
    forest: {},
  };
  const fields = {
    metric: "angular",
    codec: "float32",
    forestKind: "flat",
    rescore: "none",
    dimensions,
    nItems: 0,
    nSlots: 0,
    nTrees: 0,
    defaultSearchK: 1,
    seed: 0,
    leafSize: 1,
    certifiedRecall: 1,
  } as const;
  const bytes = new TextEncoder().encode(JSON.stringify(meta));
  return openArtifact(encodeArtifact(fields, [{ name: "meta", hot: true, bytes }, ...sections]));
}

describe("the embedder within an artifact", () => {
  it("embeds a query exactly as the build's does", async () => {
    const opened = openArtifactEmbedder(artifact(corpus.embedder.identity, corpus.sections));
    expect(opened?.identity).toEqual(corpus.embedder.identity);
    expect(await opened?.embedQuery("motorbike")).toEqual(await corpus.embedder.embedQuery("motorbike"));
  });

  it("is not there for vectors alone, nor for an embedder that needs a service", () => {
    expect(openArtifactEmbedder(artifact(null, []))).toBeUndefined();
    const service = { provider: "openai", model: "m", dimensions: 256, normalized: true };
    expect(openArtifactEmbedder(artifact(service, []))).toBeUndefined();
  });

  it("refuses sections that are missing or of other dimensions", () => {
    const { identity } = corpus.embedder;
    const [table, whitening] = corpus.sections as [SectionSource, SectionSource];
    const code = (of: Artifact) => {
      try {
        openArtifactEmbedder(of);
      } catch (error) {
        return (error as { code: string }).code;
      }
      return undefined;
    };
    expect(code(artifact(identity, [table]))).toBe("MISSING_SECTION");
    expect(code(artifact(identity, [whitening]))).toBe("MISSING_SECTION");
    expect(code(artifact(embedder.identity, [table], 128))).toBe("CORRUPT_EMBEDDER");
    const cut = { ...whitening, bytes: whitening.bytes.subarray(4) };
    expect(code(artifact(identity, [table, cut]))).toBe("CORRUPT_EMBEDDER");
    const infinite = { ...whitening, bytes: new Uint8Array(whitening.bytes.length).fill(0xff) };
    expect(code(artifact(identity, [table, infinite]))).toBe("CORRUPT_EMBEDDER");
  });
});
