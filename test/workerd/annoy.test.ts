import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { compose, type Env } from "../../worker/app.ts";
import "../seed/annoy-provided.ts";
import { ORIGIN } from "./contract.ts";
import { put } from "./seed.ts";

const { published, indexes } = inject("annoy");

beforeAll(() => put(published));

describe.each(indexes)("$name, imported and published", ({ name, metric, results }) => {
  test("answers over HTTP what C++ Annoy answers, to the bit", async () => {
    const bindings: Env = { ...env, INDEX_NAME: name };
    const app = compose(bindings);
    const post = async (request: unknown) => {
      const ctx = createExecutionContext();
      const init = { method: "POST", body: JSON.stringify(request) };
      const headers = { "content-type": "application/json" };
      const response = await app.fetch(
        new Request(`${ORIGIN}/v1/search`, { ...init, headers }),
        bindings,
        ctx,
      );
      await waitOnExecutionContext(ctx);
      return response;
    };
    expect(results.length).toBeGreaterThan(5);
    for (const { request, ids, distances } of results) {
      const response = await post({ ...request, include: [] });
      const text = await response.text();
      expect(response.status, text).toBe(200);
      const answer = JSON.parse(text) as { metric: string; hits: { item: number; distance: number }[] };
      expect(answer.metric).toBe(metric);
      expect(answer.hits.map((hit) => hit.item)).toEqual(ids);
      expect(answer.hits.map((hit) => hit.distance)).toEqual(distances);
    }
  });
});
