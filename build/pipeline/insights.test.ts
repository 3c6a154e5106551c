import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { build } from "./build.ts";
import { loadConfig } from "./config.ts";
import { insights, keepQueries, searchedFor } from "./insights.ts";
import { golden } from "./rebuild.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "annoy-edge-insights-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const WRANGLER = {
  name: "shop",
  account_id: "acc",
  vars: { INDEX_NAME: "docs" },
  analytics_engine_datasets: [{ binding: "INSIGHTS", dataset: "search_insights" }],
};

/**
 * Stands in for Cloudflare's SQL API over HTTP, the one part that does not run here: local workerd has no Analytics Engine to
 * query. Gives what it was asked. What the Worker writes is tested in test/workerd/insight.test.ts.
 */
async function withApi<T>(
  answer: { readonly status?: number; readonly body: string },
  run: (env: Record<string, string>) => Promise<T>,
): Promise<{
  readonly result: T;
  readonly asked: readonly { url: string; authorization: string; sql: string }[];
}> {
  const asked: { url: string; authorization: string; sql: string }[] = [];
  const server = createServer(async (request, response) => {
    let sql = "";
    for await (const part of request) sql += part;
    asked.push({ url: request.url ?? "", authorization: request.headers.authorization ?? "", sql });
    response.writeHead(answer.status ?? 200).end(answer.body);
  }).listen(0);
  try {
    const { port } = server.address() as AddressInfo;
    const env = {
      CLOUDFLARE_API_TOKEN: "secret",
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}/client/v4`,
    };
    return { result: await run(env), asked };
  } finally {
    server.close();
  }
}

const rows = (...list: readonly (readonly [string, string, number])[]) =>
  JSON.stringify({
    meta: [],
    data: list.map(([query, kind, count]) => ({ query, kind, count: String(count) })),
    rows: list.length,
  });

describe("insights", () => {
  beforeEach(() => writeFile(join(root, "wrangler.json"), JSON.stringify(WRANGLER)));

  test("reports what was searched for, above the threshold, most frequent first", async () => {
    const body = rows(
      ["go back", "whole", 40],
      ["it's", "whole", 60],
      ["roll", "typed", 30],
      ["rollback", "typed", 24],
    );
    const { result, asked } = await withApi({ body }, (env) => insights({ root, days: 7, least: 10 }, env));
    expect(result).toEqual({
      name: "docs",
      days: 7,
      least: 10,
      queries: [
        { query: "it's", count: 60 },
        { query: "go back", count: 40 },
        { query: "rollback", count: 24 },
      ],
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      url: "/client/v4/accounts/acc/analytics_engine/sql",
      authorization: "Bearer secret",
    });
    expect(asked[0]!.sql).toMatch(
      /FROM search_insights WHERE index1 = 'docs' .*INTERVAL '7' DAY .*HAVING count >= 10 .*FORMAT JSON$/,
    );
  });

  test("asks for no query below the threshold, and reports none that falls below it once beginnings are taken off", async () => {
    const body = rows(["do", "typed", 12], ["dough", "typed", 8], ["bread", "whole", 11]);
    const { result, asked } = await withApi({ body }, (env) => insights({ root }, env));
    expect(result.queries).toEqual([{ query: "bread", count: 11 }]);
    expect(asked[0]!.sql).toBe(
      "SELECT blob1 AS query, blob2 AS kind, SUM(_sample_interval) AS count FROM search_insights WHERE index1 = 'docs' AND timestamp > NOW() - INTERVAL '30' DAY GROUP BY query, kind HAVING count >= 10 ORDER BY count DESC LIMIT 10000 FORMAT JSON",
    );
  });

  test("is opt-in: this project's own configuration counts nothing", async () => {
    await expect(insights({ root: "." }, { CLOUDFLARE_API_TOKEN: "t" })).rejects.toMatchObject({
      code: "NO_BINDING",
      message: expect.stringContaining("docs/http.md"),
    });
  });

  test.each([
    [403, "no", "REMOTE_FORBIDDEN"],
    [400, "syntax", "REMOTE_FAILED"],
    [200, "<html>", "REMOTE_FAILED"],
    [200, '{"data":5}', "REMOTE_FAILED"],
  ])("refuses an answer of status %i, %s", async (status, body, code) => {
    await expect(withApi({ status, body }, (env) => insights({ root }, env))).rejects.toMatchObject({ code });
  });

  test.each([{ days: 0 }, { days: 91 }, { least: 2 }, { least: 2.5 }, { limit: 0 }, { name: "a'; DROP" }])(
    "refuses %j before asking",
    async (options) => {
      await expect(insights({ root, ...options }, { CLOUDFLARE_API_TOKEN: "t" })).rejects.toMatchObject({
        code: "BAD_OPTION",
      });
    },
  );

  test("says what is missing", async () => {
    await expect(insights({ root }, {})).rejects.toMatchObject({ code: "NO_TOKEN" });
    await writeFile(join(root, "wrangler.json"), '{ "name": "shop" }');
    await expect(insights({ root }, { CLOUDFLARE_API_TOKEN: "t" })).rejects.toMatchObject({
      code: "NO_BINDING",
    });
    const quoted = { ...WRANGLER, analytics_engine_datasets: [{ binding: "INSIGHTS", dataset: "a; b" }] };
    await writeFile(join(root, "wrangler.json"), JSON.stringify(quoted));
    await expect(insights({ root }, { CLOUDFLARE_API_TOKEN: "t" })).rejects.toMatchObject({
      code: "BAD_OPTION",
    });
  });
});

test("beginnings of typed queries are taken off, however they branch; whole queries never", () => {
  const typed = (query: string, count: number) => ({ query, count, typed: true });
  const found = searchedFor([
    typed("ro", 100),
    typed("roll", 60),
    typed("rollback", 50),
    typed("route", 30),
    { query: "ro", count: 7, typed: false },
  ]);
  expect(found).toEqual([
    { query: "rollback", count: 50 },
    { query: "route", count: 30 },
    { query: "ro", count: 17 },
    { query: "roll", count: 10 },
  ]);
});

describe("queries that are kept", () => {
  beforeEach(async () => {
    const out = join(root, "index");
    const texts = { pizza: "a pizza with cheese", dog: "a small dog" };
    const documents = Object.entries(texts).map(([id, pageContent]) => ({ id, pageContent }));
    await build({ documents, embedder: "static", out, name: "docs", jobs: 1 });
    const config = `export default { name: "docs", embedder: "static", out: "index", source: "docs", golden: [{ query: "cheese", expect: "pizza" }] };`;
    await writeFile(join(root, "annoy-edge.config.js"), config);
    await writeFile(join(root, "package.json"), '{ "type": "module" }');
  });

  test("are golden from then on, each once, beside those of the configuration", async () => {
    const config = join(root, "annoy-edge.config.js");
    const kept = await keepQueries({ add: ["dog"], config });
    expect(kept.added).toEqual([{ query: "dog", expect: "dog" }]);
    expect(await golden(join(root, "index"), { config })).toMatchObject({ queries: 2, ok: true });
    await keepQueries({ add: ["dog"], expect: ["pizza", "dog"], config });
    await keepQueries({ add: ["puppy"], expect: ["nobody"], config });
    const { config: loaded } = (await loadConfig(config))!;
    expect(loaded.golden?.map(({ query, expect: ids }) => [query, ids])).toEqual([
      ["cheese", "pizza"],
      ["dog", ["pizza", "dog"]],
      ["puppy", ["nobody"]],
    ]);
    const { ok, failures } = await golden(join(root, "index"), { config });
    expect(ok).toBe(false);
    expect(failures.join()).toContain("puppy");
  });

  test("are refused where they find nothing or the file is damaged, and the file stays as it is", async () => {
    const config = join(root, "annoy-edge.config.js");
    const path = join(root, "annoy-edge.golden.json");
    await expect(keepQueries({ add: ["  "], config })).rejects.toMatchObject({ code: "BAD_OPTION" });
    for (const text of ["{", "null", '[{ "query": "a" }]', '{ "query": "a", "expect": "b" }']) {
      await writeFile(path, text);
      await expect(keepQueries({ add: ["dog"], config })).rejects.toMatchObject({ code: "BAD_OPTION" });
      await expect(loadConfig(config)).rejects.toThrow("annoy-edge.golden.json");
      expect(await readFile(path, "utf8")).toBe(text);
    }
  });
});
