import { describe, expect, it, vi } from "vitest";
import type { EmbedderIdentity } from "../core/format/meta.ts";
import { createEdgeEmbedder, type EmbedderBindings } from "./edge.ts";

const openai: EmbedderIdentity = {
  provider: "openai",
  model: "m",
  dimensions: 2,
  dimensionsRequested: true,
  queryPrefix: "query: ",
  normalized: true,
};

/** Answers every call with `answer`, and notes what was asked. */
function recorder(answer: unknown, status = 200) {
  const calls: { url: string; key: string | null; body: unknown }[] = [];
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    calls.push({
      url,
      key: new Headers(init.headers).get("authorization"),
      body: JSON.parse(String(init.body)),
    });
    return Response.json(answer, { status });
  };
  return { calls, fetch };
}

describe("the query embedder at the edge", () => {
  it("asks OpenAI as the build did: same model, prefix and dimensions", async () => {
    const { calls, fetch } = recorder({ data: [{ index: 0, embedding: [3, 4] }] });
    const embedder = createEdgeEmbedder(openai, { OPENAI_API_KEY: "key" }, fetch);
    expect(await embedder?.embedQuery("text")).toEqual([0.6, 0.8]);
    expect(calls).toEqual([
      {
        url: "https://api.openai.com/v1/embeddings",
        key: "Bearer key",
        body: { model: "m", input: ["query: text"], encoding_format: "float", dimensions: 2 },
      },
    ]);
  });

  it("sends the key to the address in the Worker's own settings", async () => {
    const { calls, fetch } = recorder([[3, 4]]);
    const identity = { provider: "huggingface", model: "org/m", dimensions: 2, normalized: true };
    const bindings = { HF_TOKEN: "token", HF_BASE_URL: "https://example.com/x/" };
    expect(await createEdgeEmbedder(identity, bindings, fetch)?.embedQuery("text")).toEqual([0.6, 0.8]);
    expect(calls[0]).toMatchObject({
      url: "https://example.com/x/models/org/m/pipeline/feature-extraction",
      key: "Bearer token",
    });
  });

  it("runs Workers AI by its binding, with the index's pooling", async () => {
    const runs: unknown[] = [];
    const AI = {
      run: async (model: string, inputs: Record<string, unknown>) => {
        runs.push([model, inputs]);
        return { shape: [1, 2], data: [[3, 4]], pooling: inputs.pooling };
      },
    };
    const identity = {
      provider: "workers-ai",
      model: "@cf/m",
      dimensions: 2,
      pooling: "cls",
      normalized: true,
    };
    expect(await createEdgeEmbedder(identity, { AI })?.embedQuery("text")).toEqual([0.6, 0.8]);
    expect(runs).toEqual([["@cf/m", { text: ["text"], pooling: "cls" }]]);
    const failing = { run: () => Promise.reject(new Error("busy")) };
    await expect(createEdgeEmbedder(identity, { AI: failing })?.embedQuery("text")).rejects.toMatchObject({
      code: "EMBEDDER_UNAVAILABLE",
    });
  });

  it("refuses vectors of another length, and an embedder that the Worker is not set up for", async () => {
    const { fetch } = recorder({ data: [{ index: 0, embedding: [1, 2, 3] }] });
    const bindings: EmbedderBindings = { OPENAI_API_KEY: "key" };
    await expect(createEdgeEmbedder(openai, bindings, fetch)?.embedQuery("text")).rejects.toMatchObject({
      code: "EMBEDDER_MISMATCH",
    });
    const other = createEdgeEmbedder(openai, { ...bindings, EMBEDDER: "openai:n" }, fetch);
    await expect(other?.embedQuery("text")).rejects.toMatchObject({
      code: "EMBEDDER_MISMATCH",
      message: expect.stringMatching(/openai:m.*openai:n/),
    });
    expect(createEdgeEmbedder(openai, { ...bindings, EMBEDDER: "openai:m" }, fetch)).toBeDefined();
  });

  it("is not there without means for the index's provider", () => {
    for (const provider of ["openai", "huggingface", "workers-ai", "model2vec", "somebody's own"]) {
      expect(createEdgeEmbedder({ ...openai, provider }, {})).toBeUndefined();
    }
  });

  it("gives up soon when the service is down, since somebody waits, and logs what it says of its account", async () => {
    const { calls, fetch } = recorder({ error: { message: "limit of organization org-7" } }, 503);
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    await expect(
      createEdgeEmbedder(openai, { OPENAI_API_KEY: "key" }, fetch)?.embedQuery("text"),
    ).rejects.toMatchObject({ code: "EMBEDDER_UNAVAILABLE", message: "The embedder openai answered 503." });
    expect(calls.length).toBe(2);
    expect(logged).toHaveBeenCalledWith(expect.stringContaining("org-7"));
    logged.mockRestore();
  });

  it("does not read an answer without an end to its end", async () => {
    let pulled = 0;
    const pull = (controller: ReadableStreamDefaultController) => {
      pulled++;
      controller.enqueue(new Uint8Array(1 << 20).fill(0x20));
    };
    const fetch = async () => new Response(new ReadableStream({ pull }));
    await expect(
      createEdgeEmbedder(openai, { OPENAI_API_KEY: "key" }, fetch)?.embedQuery("text"),
    ).rejects.toMatchObject({ code: "BAD_EMBEDDING" });
    expect(pulled).toBeLessThan(10);
  });
});
