import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { compose, type Env } from "../../worker/app.ts";
import { createClient } from "../../worker/client/client.ts";
import { signToken } from "../../worker/core/access/token.ts";
import { expectContract, expectProblem, ORIGIN } from "./contract.ts";
import { seed } from "./seed.ts";

beforeAll(seed);

const SECRET = "a_secret_of_more_than_thirty_two_characters";

function workerWith(settings: Partial<Env> = {}) {
  const bindings: Env = { ...env, LOG: "off", INDEX_NAME: "service", ...settings };
  const app = compose(bindings);
  return async (path: string, init?: RequestInit) => {
    const ctx = createExecutionContext();
    const response = await app.fetch(new Request(new URL(path, ORIGIN), init), bindings, ctx);
    await waitOnExecutionContext(ctx);
    return response;
  };
}

interface Suggestions {
  readonly suggestions: readonly { readonly text: string; readonly documents?: number }[];
}

test("completes a text, with the name of an index and without, kept by version", async () => {
  const send = workerWith();
  const first = await send("/v1/suggest?q=the+or&k=3");
  const { suggestions } = (await expectContract(first, "/v1/suggest", "get")) as Suggestions;
  expect(suggestions).toEqual([{ text: "the orchestra", kind: "phrase", documents: 1 }]);
  const etag = first.headers.get("etag") ?? "";
  const again = await send("/v1/suggest?q=the+or&k=3", { headers: { "if-none-match": etag } });
  expect(again.status).toBe(304);
  const named = await send("/v1/indexes/service/suggest?q=piz");
  expect(((await named.json()) as Suggestions).suggestions[0]?.text).toBe("pizza");
  const client = createClient(ORIGIN, { fetch: send });
  expect((await client.suggest("viol", { k: 1 })).suggestions[0]?.text).toBe("violin");
});

test("takes a filter, as the contract says", async () => {
  const send = workerWith();
  const contract = (await (await send("/openapi.json")).json()) as {
    paths: Record<string, { get: { parameters: { name: string }[] } }>;
  };
  const names = contract.paths["/v1/suggest"]?.get.parameters.map(({ name }) => name);
  expect(names).toEqual(["q", "k", "filter"]);
  await expectProblem(await send("/v1/suggest?q=a&filter=nonsense"), 400, "INVALID_FILTER");
});

test("refuses what it does not know", async () => {
  const send = workerWith();
  await expectProblem(await send("/v1/suggest"), 400, "MISSING_FIELD");
  await expectProblem(await send("/v1/suggest?q=+"), 400, "EMPTY_QUERY");
  await expectProblem(await send("/v1/suggest?q=a&k=0"), 400, "OUT_OF_RANGE");
  await expectProblem(await send("/v1/suggest?q=a&x=0"), 400, "UNKNOWN_FIELD");
  await expectProblem(await send("/v1/suggest?q=a&q=b"), 400, "DUPLICATE_FIELD");
});

test("a token's filter holds for suggestions and corrections", async () => {
  const send = workerWith({ TOKEN_SECRETS: SECRET });
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const ask = async (path: string, filter: object) => {
    const token = await signToken({ exp, filter }, SECRET);
    return (await send(path, { headers: { authorization: `Bearer ${token}` } })).json();
  };
  const food = { topic: "food" };
  expect((await ask("/v1/suggest?q=piz", food)) as Suggestions).toMatchObject({
    suggestions: [{ text: "pizza" }],
  });
  expect((await ask("/v1/suggest?q=viol", food)) as Suggestions).toMatchObject({ suggestions: [] });
  const correct = "/v1/search?q=voilin&mode=keyword&didYouMean=true";
  expect(await ask(correct, food)).not.toHaveProperty("didYouMean");
  expect(await ask(correct, { topic: "music" })).toMatchObject({
    didYouMean: { query: "violin", documents: 1, words: [{ word: "voilin", correction: "violin" }] },
  });
});
