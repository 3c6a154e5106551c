import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { compose, type Env } from "../../../worker/app.ts";
import { letterVector } from "../../seed/corpus.ts";
import { expectProblem, ORIGIN } from "../contract.ts";
import { seed } from "../seed.ts";

beforeAll(seed);
beforeEach(() => {
  vi.spyOn(console, "log").mockImplementation(() => {});
});

// Workers AI runs in Cloudflare's network only; this stands in for the binding.
const AI = {
  run: async (_: string, { text }: Record<string, unknown>) => ({
    data: (text as string[]).map(letterVector),
  }),
};

async function ask(settings: Partial<Env>, path: string): Promise<Response> {
  const bindings: Env = { ...env, INDEX_NAME: "service", AI, ...settings };
  const context = createExecutionContext();
  const response = await compose(bindings).fetch(new Request(`${ORIGIN}${path}`), bindings, context);
  await waitOnExecutionContext(context);
  return response;
}

test("a Worker that is set up for another embedder refuses to search by text, and says so", async () => {
  const other = { EMBEDDER: "openai:text-embedding-3-small" };
  for (const mode of ["vector", "hybrid"]) {
    const problem = await ask(other, `/v1/search?q=dog&mode=${mode}`);
    const { detail } = (await problem.clone().json()) as { detail: string };
    expect(detail).toMatch(/workers-ai:@test\/letters.*openai:text-embedding-3-small/);
    await expectProblem(problem, 400, "EMBEDDER_MISMATCH");
  }
});

test("the same Worker searches by vector, item and id", async () => {
  const other = { EMBEDDER: "openai:text-embedding-3-small" };
  expect((await ask(other, "/v1/search?item=0")).status).toBe(200);
  expect((await ask(other, "/v1/search?id=animals-0")).status).toBe(200);
});

test("a Worker that is set up for the index's embedder searches by text", async () => {
  expect((await ask({ EMBEDDER: "workers-ai:@test/letters" }, "/v1/search?q=dog&mode=vector")).status).toBe(
    200,
  );
});

test("vectors of another length than the index's are refused", async () => {
  const short = { run: async () => ({ data: [[1, 2, 3]] }) };
  await expectProblem(await ask({ AI: short }, "/v1/search?q=cat&mode=vector"), 400, "EMBEDDER_MISMATCH");
});
