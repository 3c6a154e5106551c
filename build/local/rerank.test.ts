import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { SearchInput } from "../../worker/core/search/types.ts";
import { build } from "../pipeline/build.ts";
import { query } from "./query.ts";

interface Asked {
  readonly authorization: string | undefined;
  readonly body: { readonly model: string; readonly query: string; readonly documents: string[] };
}

let folder: string;
let server: Server;
let asked: Asked[] = [];
let answer: (documents: string[]) => {
  readonly status?: number;
  readonly json?: unknown;
  readonly wait?: number;
};

const byLength = (documents: string[]) => ({
  json: { results: documents.map((text, index) => ({ index, relevance_score: text.length / 100 })) },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-rerank-"));
  const documents = ["fish", "fish and more fish in the sea", "a fish", "the fish is here now"].map(
    (pageContent, i) => ({ id: `d${i}`, pageContent, vector: [Math.cos(i), Math.sin(i)] }),
  );
  const curation = { rules: [{ query: "pinned fish", pin: "d0" }] };
  await build({ documents, embedder: "none", out: folder, curation });
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const body = JSON.parse(text);
      asked.push({ authorization: request.headers.authorization, body });
      const { status = 200, json, wait = 0 } = answer(body.documents);
      setTimeout(() => response.writeHead(status).end(JSON.stringify(json)), wait);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.env.RERANKER = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/rerank`;
  process.env.RERANKER_MODEL = "lengths";
  process.env.RERANKER_API_KEY = "secret-key";
});
afterEach(() => {
  asked = [];
  delete process.env.RERANKER_TIMEOUT_SECONDS;
});
afterAll(async () => {
  for (const name of ["RERANKER", "RERANKER_MODEL", "RERANKER_API_KEY"]) delete process.env[name];
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const ask = (input: SearchInput) =>
  query(folder, { query: "fish", mode: "keyword", k: 4, rerank: true, ...input });
const idsOf = ({ hits }: Awaited<ReturnType<typeof ask>>) => hits.map(({ id }) => id);

test("a service orders the first hits, and pages are cut from that order", async () => {
  answer = byLength;
  const all = await ask({ include: ["explanation"] });
  expect(idsOf(all)).toEqual(["d1", "d3", "d2", "d0"]);
  expect(asked[0]).toMatchObject({
    authorization: "Bearer secret-key",
    body: { model: "lengths", query: "fish" },
  });
  expect(asked[0]?.body.documents).toHaveLength(4);
  const scores = all.hits.map(({ score }) => score);
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
  expect(all.hits[0]?.explanation?.rules.at(-1)).toMatchObject({ rule: "reranked" });
  const pages = [await ask({ k: 2, offset: 0 }), await ask({ k: 2, offset: 2 })];
  expect(pages.flatMap(idsOf)).toEqual(idsOf(all));
  const plain = idsOf(await ask({ rerank: false }));
  expect(idsOf(await ask({ rerank: { first: 2 } })).slice(2)).toEqual(plain.slice(2));
  expect(idsOf(await ask({ query: "pinned fish" }))[0]).toBe("d0");
});

test("other forms of answers are understood", async () => {
  answer = (documents) => ({ json: documents.map((text, index) => ({ index, score: -text.length })) });
  expect(idsOf(await ask({}))).toEqual(["d0", "d2", "d3", "d1"]);
});

test("a service that is late, fails or answers nonsense costs its order and not the answer", async () => {
  const plain = idsOf(await ask({ rerank: false }));
  expect(asked).toEqual([]);
  process.env.RERANKER_TIMEOUT_SECONDS = "0.05";
  const cases: [typeof answer, RegExp][] = [
    [(documents) => ({ ...byLength(documents), wait: 300 }), /did not answer within 50 ms/],
    [() => ({ status: 503, json: { message: "busy at 10.0.0.7" } }), /answered 503\.$/],
    [() => ({ status: 401, json: { message: "secret-key" } }), /answered 401. Check RERANKER_API_KEY/],
    [() => ({ json: { results: [{ index: 0, relevance_score: 1 }] } }), /a score for each text/],
    [() => ({ json: { results: [], padding: "x".repeat(5 << 20) } }), /an answer that is too large/],
  ];
  // What a service says of itself is for the log and not for visitors.
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  for (const [faulty, message] of cases) {
    answer = faulty;
    if (message.source.includes("503")) process.env.RERANKER_TIMEOUT_SECONDS = "5";
    const response = await ask({});
    expect(idsOf(response)).toEqual(plain);
    expect(response.warnings).toEqual([
      { code: "RERANKER_UNAVAILABLE", message: expect.stringMatching(message) },
    ]);
  }
  expect(logged).toHaveBeenCalledWith(expect.stringContaining("busy at 10.0.0.7"));
  logged.mockRestore();
});

test("what cannot be reranked is refused", async () => {
  const { RERANKER } = process.env;
  const refused = (input: SearchInput) =>
    expect(query(folder, { rerank: true, ...input })).rejects.toMatchObject({ code: "INVALID_VALUE" });
  await refused({ item: 0 });
  await refused({ query: "fish", mode: "keyword", groupBy: "x" });
  delete process.env.RERANKER;
  await expect(ask({})).rejects.toMatchObject({ code: "NO_RERANKER" });
  process.env.RERANKER = "ftp://nowhere";
  await expect(ask({})).rejects.toMatchObject({ code: "BAD_CONFIGURATION" });
  process.env.RERANKER = RERANKER;
});
