import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { compose, type Env } from "../../worker/app.ts";
import { expectContract, expectProblem, ORIGIN } from "./contract.ts";
import { seed } from "./seed.ts";

beforeAll(seed);
// Faults on purpose are logged; the test run's own output stays readable.
beforeEach(() => {
  for (const method of ["log", "error"] as const) vi.spyOn(console, method).mockImplementation(() => {});
});
afterEach(() => vi.restoreAllMocks());

/** Workers AI runs in Cloudflare's network only; this stands in for the binding, and likes short texts. */
const AI = {
  run: async (_: string, { contexts }: Record<string, unknown>) => ({
    response: (contexts as { text: string }[]).map(({ text }, id) => ({ id, score: 1 / text.length })),
  }),
};

function workerWith(settings: Partial<Env>) {
  const bindings: Env = { ...env, LOG: "off", INDEX_NAME: "service", ...settings };
  const app = compose(bindings);
  return async (path: string) => {
    const ctx = createExecutionContext();
    const response = await app.fetch(new Request(`${ORIGIN}${path}`), bindings, ctx);
    await waitOnExecutionContext(ctx);
    return response;
  };
}

interface Answer {
  readonly hits: readonly { readonly id: string; readonly document: { readonly pageContent: string } }[];
  readonly warnings?: readonly { readonly code: string }[];
}

const PATH = "/v1/search?q=the+hall&mode=keyword&k=6";

test("Workers AI orders the first hits; one that hangs leaves the order and is not kept", async () => {
  const send = workerWith({ AI, RERANKER: "workers-ai:@cf/baai/bge-reranker-base" });
  const answer = (await expectContract(await send(`${PATH}&rerank=true`), "/v1/search", "get")) as Answer;
  const lengths = answer.hits.map(({ document }) => document.pageContent.length);
  expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
  const plain = (await (await send(PATH)).json()) as Answer;
  const hanging = { run: () => new Promise<never>(() => {}) };
  const late = workerWith({ AI: hanging, RERANKER: "workers-ai", RERANKER_TIMEOUT_SECONDS: "0.05" });
  const response = await late(`${PATH}&rerank.first=5`);
  expect(response.headers.get("cache-control")).toBe("no-store");
  const other = (await response.json()) as Answer;
  expect(other.hits).toEqual(plain.hits);
  expect(other.warnings?.map(({ code }) => code)).toEqual(["RERANKER_UNAVAILABLE"]);
});

test("a Worker without a reranker, or with half of one, says so", async () => {
  await expectProblem(await workerWith({})(`${PATH}&rerank.first=7`), 400, "NO_RERANKER");
  const both = ["rerank=true&rerank.first=7", "rerank.first=7&rerank=true"];
  for (const given of both) await expectProblem(await workerWith({})(`${PATH}&${given}`), 400, "NO_RERANKER");
  const against = ["rerank=false&rerank.first=7", "rerank.first=7&rerank=false"];
  for (const given of against)
    await expectProblem(await workerWith({})(`${PATH}&${given}`), 400, "DUPLICATE_FIELD");
  const half = workerWith({ RERANKER: "workers-ai" });
  await expectProblem(await half(PATH), 503, "BAD_CONFIGURATION");
});
