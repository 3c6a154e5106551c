import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { compose, type Env } from "../../worker/app.ts";
import { signToken } from "../../worker/core/access/token.ts";
import { letterVector } from "../seed/corpus.ts";
import { expectContract, ORIGIN } from "./contract.ts";
import { seed } from "./seed.ts";

beforeAll(seed);

const SECRET = "a_secret_of_more_than_thirty_two_characters";

/** Workers AI runs in Cloudflare's network only; this stands in for the binding. */
const AI = {
  run: async (_: string, { text }: Record<string, unknown>) => ({
    data: (text as string[]).map(letterVector),
  }),
};

function workerWith(settings: Partial<Env> = {}) {
  const bindings: Env = { ...env, LOG: "off", INDEX_NAME: "curated", AI, ...settings };
  const app = compose(bindings);
  return async (path: string, init?: RequestInit) => {
    const ctx = createExecutionContext();
    const response = await app.fetch(new Request(`${ORIGIN}${path}`, init), bindings, ctx);
    await waitOnExecutionContext(ctx);
    return response;
  };
}

interface Answer {
  readonly hits: readonly {
    readonly id: string;
    readonly explanation?: { readonly rules: readonly { readonly rule: string }[] };
  }[];
}

test("pins, hides, synonyms and boosts hold in every mode, and curation=false leaves them out", async () => {
  const send = workerWith();
  const ask = async (parameters: string) => {
    const response = await send(`/v1/search?${parameters}`);
    return ((await expectContract(response, "/v1/search", "get")) as Answer).hits;
  };
  for (const mode of ["keyword", "vector", "hybrid"]) {
    const hits = await ask(`q=best+animal&k=40&mode=${mode}&include=explanation`);
    expect(hits.slice(0, 2).map(({ id }) => id)).toEqual(["animals-4", "animals-0"]);
    expect(hits[0]?.explanation?.rules.at(-1)?.rule).toBe("pinned");
    expect(hits.map(({ id }) => id)).not.toContain("animals-1");
  }
  const [car] = await ask("q=automobile&mode=keyword&include=explanation");
  expect(car?.id).toBe("vehicles-0");
  expect(car?.explanation?.rules.map(({ rule }) => rule)).toEqual(["synonym", "boost"]);
  expect((await ask("q=pop+band&mode=keyword"))[0]?.id).toBe("music-0");
  expect((await ask("q=a+lesson+of+music&mode=hybrid"))[0]?.id).toBe("music-5");
  const plain = await ask("q=best+animal&mode=vector&k=40&curation=false");
  expect(plain.map(({ id }) => id)).toContain("animals-1");
});

test("a pin shows no document outside of a token's filter", async () => {
  const send = workerWith({ TOKEN_SECRETS: SECRET });
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const token = await signToken({ exp, filter: { topic: "food" } }, SECRET);
  const headers = { authorization: `Bearer ${token}` };
  const response = await send("/v1/search?q=best+animal&k=40", { headers });
  const { hits } = (await response.json()) as Answer;
  expect(hits.length).toBeGreaterThan(0);
  expect(hits.every(({ id }) => id.startsWith("food-"))).toBe(true);
});
