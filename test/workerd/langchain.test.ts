import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { compose, type Env } from "../../worker/app.ts";
import { createClient } from "../../worker/client/index.ts";
import "../seed/langchain-provided.ts";
import { ORIGIN } from "./contract.ts";
import { put } from "./seed.ts";

const { published, indexes } = inject("langchain");

beforeAll(() => put(published));

test("there is a folder of every metric", () => {
  const metrics = indexes.map(({ metric }) => metric).sort();
  expect(metrics).toEqual(["angular", "dot", "euclidean", "hamming", "manhattan"]);
});

describe.each(indexes)("a folder that LangChain for Python saved, metric $metric", ({ name, results }) => {
  test("has the same neighbours at the same distances in Annoy, in the store and over the Worker", async () => {
    const bindings: Env = { ...env, INDEX_NAME: name };
    const app = compose(bindings);
    const client = createClient(ORIGIN, {
      fetch: async (url, init) => {
        const ctx = createExecutionContext();
        const response = await app.fetch(new Request(url, init), bindings, ctx);
        await waitOnExecutionContext(ctx);
        return response;
      },
    });
    expect(results.length).toBeGreaterThan(20);
    for (const { request, annoy, store } of results) {
      const { hits } = await client.search(request);
      const worker = { ids: hits.map(({ id }) => id), distances: hits.map(({ distance }) => distance) };
      expect(worker).toEqual(annoy);
      expect(worker).toEqual(store);
      for (const { document } of hits) expect(typeof document?.pageContent).toBe("string");
    }
  });
});
