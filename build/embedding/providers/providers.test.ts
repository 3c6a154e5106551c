import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { Embeddings } from "@langchain/core/embeddings";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { build, query } from "../../index.ts";
import { type EmbedderSpec, openEmbedder } from "./index.ts";

/** Fault of the server on one request. */
type Failure = (request: IncomingMessage, response: ServerResponse) => void;

interface Seen {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
}

const KEY = "sk-very-secret";
let server: Server;
let base: string;
let folder: string;
/** Failures of the next requests, in order. */
let failures: Failure[] = [];
/** Texts that the server refuses, in any batch. */
let poison: string | undefined;
let seen: Seen[] = [];
let atOnce = 0;
let mostAtOnce = 0;

/** Three numbers that depend on the text alone, so that order can be checked. */
function vectorOf(text: string): number[] {
  const sum = [...text].reduce((total, c) => total + c.charCodeAt(0), 0);
  return [text.length + 1, sum % 97, 1];
}

function unit(vector: number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((x) => Math.fround(x / length));
}

/** Speaks the APIs of OpenAI, Workers AI and Hugging Face by path. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = JSON.parse(Buffer.concat(chunks).toString());
  const path = request.url ?? "";
  seen.push({ path, authorization: request.headers.authorization, body });
  const failure = failures.shift();
  if (failure) return failure(request, response);
  const texts: string[] = body.input ?? body.text ?? body.inputs;
  if (poison !== undefined && texts.includes(poison)) return status(400, "bad text")(request, response);
  await new Promise((resume) => setTimeout(resume, 5));
  const vectors = texts.map(vectorOf);
  response.setHeader("content-type", "application/json");
  if (path.endsWith("/embeddings")) {
    const cut = (v: number[]) => (body.dimensions ? v.slice(0, body.dimensions) : v);
    const data = vectors.map((v, index) => ({ object: "embedding", index, embedding: cut(v) }));
    response.end(JSON.stringify({ object: "list", data: data.reverse(), model: body.model }));
  } else if (path.includes("/ai/run/")) {
    const result = { shape: [texts.length, 3], data: vectors, pooling: body.pooling };
    response.end(JSON.stringify({ success: true, errors: [], result }));
  } else {
    response.end(JSON.stringify(vectors));
  }
}

function status(code: number, message: string, headers: Record<string, string> = {}): Failure {
  return (_, response) => {
    response.writeHead(code, headers).end(JSON.stringify({ error: { message } }));
  };
}

beforeAll(async () => {
  server = createServer((request, response) => {
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    response.on("close", () => atOnce--);
    void answer(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  failures = [];
  seen = [];
  poison = undefined;
  mostAtOnce = 0;
  folder = await mkdtemp(join(tmpdir(), "providers-"));
});
afterEach(() => rm(folder, { recursive: true }));

const FAST = { retries: 2, backoff: 1, maxWait: 50, timeout: 300, apiKey: KEY } as const;

function openai(spec: Partial<EmbedderSpec> = {}): EmbedderSpec {
  return { provider: "openai", model: "m", baseUrl: `${base}/v1/`, ...FAST, ...spec };
}

async function open(spec: EmbedderSpec | string, cache: string | false = false, env = {}) {
  const opened = await openEmbedder(spec, { cache, env });
  return { close: () => opened.close(), embedder: opened.embedder! };
}

describe("an embedder behind a service", () => {
  it("speaks OpenAI's API, whatever order the vectors come in, and finds out their length", async () => {
    const { embedder } = await open(openai());
    expect(embedder.identity).toEqual({ provider: "openai", model: "m", dimensions: 3, normalized: true });
    const texts = ["one", "two", "three"];
    expect((await embedder.embedDocuments(texts)).map((v) => v.map(Math.fround))).toEqual(
      texts.map((text) => unit(vectorOf(text))),
    );
    expect(seen.at(-1)).toEqual({
      path: "/v1/embeddings",
      authorization: `Bearer ${KEY}`,
      body: { model: "m", input: texts, encoding_format: "float" },
    });
  });

  it("asks OpenAI for the dimensions that it was told, and remembers having asked", async () => {
    const { embedder } = await open(openai({ dimensions: 2, normalized: false }));
    expect(embedder.identity).toMatchObject({ dimensions: 2, dimensionsRequested: true });
    expect(await embedder.embedQuery("ab")).toEqual(vectorOf("ab").slice(0, 2));
    expect(seen.at(-1)?.body.dimensions).toBe(2);
  });

  it("speaks Workers AI's REST API with pooling pinned", async () => {
    const spec = {
      ...FAST,
      provider: "workers-ai",
      model: "@cf/baai/bge-base-en-v1.5",
      accountId: "acc",
    } as const;
    const { embedder } = await open({ ...spec, baseUrl: base });
    expect(embedder.identity).toMatchObject({ provider: "workers-ai", pooling: "cls", dimensions: 3 });
    await embedder.embedQuery("text");
    expect(seen.at(-1)).toMatchObject({
      path: "/accounts/acc/ai/run/@cf/baai/bge-base-en-v1.5",
      authorization: `Bearer ${KEY}`,
      body: { text: ["text"], pooling: "cls" },
    });
    failures = [
      (_, response) =>
        response.end(JSON.stringify({ success: true, result: { data: [[1, 2, 3]], pooling: "mean" } })),
    ];
    await expect(embedder.embedQuery("text")).rejects.toMatchObject({ code: "EMBEDDER_MISMATCH" });
  });

  it("speaks Hugging Face's inference API", async () => {
    const spec = { ...FAST, provider: "huggingface", model: "org/name", baseUrl: base } as const;
    const { embedder } = await open(spec);
    await embedder.embedDocuments(["text"]);
    expect(seen.at(-1)).toMatchObject({
      path: "/models/org/name/pipeline/feature-extraction",
      body: { inputs: ["text"], normalize: true, truncate: true },
    });
    failures = [(_, response) => response.end(JSON.stringify([[[1, 2, 3]]]))];
    await expect(embedder.embedQuery("tokens")).rejects.toMatchObject({ code: "BAD_EMBEDDING" });
  });

  it("puts the prefixes before queries and documents", async () => {
    const { embedder } = await open(
      openai({ dimensions: 3, queryPrefix: "query: ", documentPrefix: "passage: " }),
    );
    await embedder.embedQuery("a");
    await embedder.embedDocuments(["b"]);
    expect(seen.map(({ body }) => body.input)).toEqual([["query: a"], ["passage: b"]]);
    expect(embedder.identity).toMatchObject({ queryPrefix: "query: ", documentPrefix: "passage: " });
  });

  it("cuts texts into batches, several under way at once, in order", async () => {
    const { embedder } = await open(openai({ normalized: false, batchSize: 10, concurrency: 3 }));
    const texts = Array.from({ length: 95 }, (_, i) => `text ${"x".repeat(i)}`);
    expect(await embedder.embedDocuments(texts)).toEqual(texts.map(vectorOf));
    expect(seen.length).toBe(1 + 10);
    expect(mostAtOnce).toBe(3);
  });

  it("keeps to the characters that a request may have", async () => {
    const { embedder } = await open(openai({ dimensions: 3 }));
    await embedder.embedDocuments(Array.from({ length: 5 }, () => "y".repeat(100_000)));
    expect(seen.map(({ body }) => (body.input as string[]).length).sort()).toEqual([1, 2, 2]);
  });

  it("does not send blank texts", async () => {
    const { embedder } = await open(openai({ dimensions: 3 }));
    expect(await embedder.embedDocuments(["", " \n"])).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(seen.length).toBe(0);
  });
});

describe("a build with a service", () => {
  it("has several requests under way, tells how far it is, and calls nobody when it is repeated", async () => {
    const path = join(folder, "cache.sqlite");
    const documents = Array.from({ length: 2000 }, (_, i) => ({
      id: `d${i}`,
      pageContent: `document ${i % 1900}`,
    }));
    const embedder = openai({ batchSize: 100 });
    const options = {
      documents,
      embedder,
      cache: path,
      out: join(folder, "index"),
      jobs: 1,
      keyword: false,
    } as const;
    const told: number[] = [];
    const { manifest } = await build({
      ...options,
      onProgress: ({ phase, done }) => {
        if (phase === "embed") told.push(done);
      },
    });
    expect(seen.flatMap(({ body }) => body.input as string[]).length).toBe(1900 + 1);
    expect(mostAtOnce).toBe(4);
    expect(told.length).toBeGreaterThan(10);
    expect(told.at(-1)).toBe(2000);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(manifest.embedder).toEqual({ provider: "openai", model: "m", dimensions: 3, normalized: true });
    seen = [];
    const again = await build(options);
    expect(seen.length).toBe(0);
    expect(again.manifest.version).toBe(manifest.version);
    for (const name of ["forest.bin", "manifest.json", "documents.jsonl"]) {
      expect(await readFile(join(folder, "index", name), "latin1")).not.toContain(KEY);
    }
  });
});

describe("a service that fails", () => {
  it("is asked again after 429, 5xx, broken connections, silence and answers that are not JSON or not whole", async () => {
    const { embedder } = await open(openai({ normalized: false, retries: 9, dimensions: 3 }));
    const half = '{"data":[{"index":0,"embedding":[1,2';
    failures = [
      status(429, "slow down", { "retry-after": "0" }),
      status(503, "later", { "retry-after": new Date(Date.now() - 1000).toUTCString() }),
      status(500, "oops"),
      (request) => request.socket.destroy(),
      () => {},
      (_, response) => response.end("<html>gateway</html>"),
      (_, response) => response.end(half),
      (_, response) => response.write(half, () => response.destroy()),
      // Half an answer, and then nothing.
      (_, response) => void response.write(half),
    ];
    expect(await embedder.embedQuery("ab")).toEqual(vectorOf("ab"));
    expect(seen.length).toBe(10);
  });

  it("is waited for as long as Retry-After says, but not longer than allowed", async () => {
    const { embedder } = await open(openai({ dimensions: 3, maxWait: 1000 }));
    failures = [status(429, "slow down", { "retry-after": "0.2" })];
    const started = performance.now();
    await embedder.embedQuery("a");
    expect(performance.now() - started).toBeGreaterThanOrEqual(190);
    failures = [status(429, "slow down", { "retry-after": "3600" })];
    await expect(embedder.embedQuery("a")).rejects.toMatchObject({
      code: "EMBEDDER_RATE_LIMITED",
      status: 429,
    });
    expect(seen.length).toBe(3);
  });

  it.each([
    ["EMBEDDER_UNAUTHORIZED", status(401, `Incorrect API key ${KEY}`), 1, /OPENAI_API_KEY/],
    ["EMBEDDER_REJECTED", status(404, "no such model"), 1, /404: no such model/],
    ["EMBEDDER_RATE_LIMITED", status(429, "insufficient_quota"), 1, /insufficient_quota/],
    ["EMBEDDER_UNAVAILABLE", status(500, "oops"), 3, /500: oops/],
    ["EMBEDDER_TIMEOUT", (() => {}) as Failure, 3, /within 300 ms/],
    ["BAD_EMBEDDING", ((_, r) => r.end("null")) as Failure, 1, /did not answer with 1 vectors/],
    [
      "BAD_EMBEDDING",
      ((_, r) => r.end('{"data":[{"index":0,"embedding":[1,null,2]}]}')) as Failure,
      1,
      /finite/,
    ],
    [
      "BAD_EMBEDDING",
      ((_, r) => r.end('{"data":[{"index":7,"embedding":[1,2,3]}]}')) as Failure,
      1,
      /1 vectors/,
    ],
    [
      "EMBEDDER_MISMATCH",
      ((_, r) => r.end('{"data":[{"index":0,"embedding":[1,2]}]}')) as Failure,
      1,
      /2 dimensions instead of 3/,
    ],
  ] as const)("gives %s", async (code, failure, requests, message) => {
    const { embedder } = await open(openai({ dimensions: 3 }));
    failures = [failure, failure, failure];
    const error = await embedder.embedQuery("a").catch((e: unknown) => e);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(String(error)).not.toContain(KEY);
    expect(seen.length).toBe(requests);
  });

  it.each([
    ["a line break in the key", { apiKey: "sk-sec\nret" }],
    ["a typographic quote around the key", { apiKey: "“sk-sec-ret”" }],
    ["a password in the address", { baseUrl: "http://somebody:sk-secret@127.0.0.1:1/v1" }],
  ])("is not called with %s, and nothing of the secret is told", async (_, spec) => {
    const { embedder } = await open(openai({ dimensions: 3, ...spec }));
    const error = await embedder.embedQuery("a").catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "EMBEDDER_UNAUTHORIZED" });
    expect(inspect(error)).not.toMatch(/sec/);
    expect(seen.length).toBe(0);
  });

  it("gets a key without the line break that a file ends with", async () => {
    const { embedder } = await open(openai({ dimensions: 3, apiKey: `${KEY}\n` }));
    await embedder.embedQuery("a");
    expect(seen[0]?.authorization).toBe(`Bearer ${KEY}`);
  });

  it("gives EMBEDDER_UNAVAILABLE when nothing listens", async () => {
    const { embedder } = await open(openai({ dimensions: 3, baseUrl: "http://127.0.0.1:1/v1" }));
    await expect(embedder.embedQuery("a")).rejects.toMatchObject({ code: "EMBEDDER_UNAVAILABLE" });
  });

  it("loses only the text that it refuses, not the batch around it", async () => {
    const path = join(folder, "cache.sqlite");
    const texts = Array.from({ length: 64 }, (_, i) => `text ${i}`);
    poison = "text 37";
    const first = await open(openai({ dimensions: 3, concurrency: 1 }), path);
    await expect(first.embedder.embedDocuments(texts)).rejects.toMatchObject({ code: "EMBEDDER_REJECTED" });
    first.close();
    expect(seen.at(-1)?.body.input).toEqual(["text 37"]);
  });
});

describe("the embedding cache", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `document ${i}`);

  it("asks the provider nothing for an unchanged corpus of 10,000 documents, not even the length of its vectors", async () => {
    const path = join(folder, "a/b/cache.sqlite");
    const first = await open(openai(), path);
    const vectors = await first.embedder.embedDocuments(many);
    first.close();
    seen = [];
    const second = await open(openai(), path);
    expect(await second.embedder.embedDocuments(many)).toEqual(vectors);
    second.close();
    expect(seen.length).toBe(0);
    expect(vectors[7]).toEqual(unit(vectorOf("document 7")));
  });

  it("asks for the other half only, after a build that was broken off half-way", async () => {
    const path = join(folder, "cache.sqlite");
    const spec = openai({ batchSize: 100, concurrency: 1, retries: 0, dimensions: 3 });
    const texts = many.slice(0, 1000);
    const first = await open(spec, path);
    failures = [];
    const good = 5;
    failures = [...Array.from({ length: good }, () => undefined as unknown as Failure), status(500, "crash")];
    await expect(first.embedder.embedDocuments(texts)).rejects.toMatchObject({
      code: "EMBEDDER_UNAVAILABLE",
    });
    first.close();
    seen = [];
    const second = await open(spec, path);
    expect((await second.embedder.embedDocuments(texts)).length).toBe(1000);
    second.close();
    expect(seen.flatMap(({ body }) => body.input as string[])).toEqual(texts.slice(good * 100));
  });

  it("sends a text that occurs twice once, and tells models, dimensions and prefixes apart", async () => {
    const path = join(folder, "cache.sqlite");
    for (const spec of [
      {},
      { model: "n" },
      { dimensions: 2 },
      { documentPrefix: "p" },
      { normalized: false },
    ]) {
      const { embedder, close } = await open(openai({ dimensions: 3, ...spec }), path);
      seen = [];
      const [a, b] = await embedder.embedDocuments(["same", "same"]);
      close();
      expect(a).toEqual(b);
      expect(seen.map(({ body }) => (body.input as string[]).length)).toEqual([1]);
    }
  });

  it("keeps what an application's own embedder gives, when it says who it is", async () => {
    const path = join(folder, "cache.sqlite");
    let asked = 0;
    const own = {
      identity: { provider: "own", model: "m", dimensions: 3, normalized: false },
      embedDocuments: async (texts: string[]) => {
        asked += texts.length;
        return texts.map(vectorOf);
      },
      embedQuery: async (text: string) => vectorOf(text),
    };
    for (let run = 0; run < 2; run++) {
      const { embedder, close } = await openEmbedder(own, { cache: path });
      expect(await embedder?.embedDocuments(["a", "b"])).toEqual([vectorOf("a"), vectorOf("b")]);
      close();
    }
    expect(asked).toBe(2);
  });

  it("refuses a file that is not its own, and leaves it alone", async () => {
    const path = join(folder, "notes.txt");
    await writeFile(path, "not a database, but somebody's notes, long enough to be a page".repeat(100));
    await expect(open(openai({ dimensions: 3 }), path)).rejects.toMatchObject({ code: "CACHE_UNUSABLE" });
    const { DatabaseSync } = await import("node:sqlite");
    const other = join(folder, "other.sqlite");
    const database = new DatabaseSync(other);
    database.exec("CREATE TABLE mine (a)");
    database.close();
    await expect(open(openai({ dimensions: 3 }), other)).rejects.toMatchObject({
      code: "CACHE_UNUSABLE",
      message: expect.stringMatching(/another program/),
    });
  });
});

describe("embeddings of LangChain's", () => {
  /** As every provider's class there: two methods, and perhaps a model. */
  class HashEmbeddings extends Embeddings {
    calls = 0;
    async embedDocuments(texts: string[]): Promise<number[][]> {
      this.calls++;
      return texts.map(vectorOf);
    }
    async embedQuery(text: string): Promise<number[]> {
      return vectorOf(text);
    }
  }
  const documents = ["one", "three", "eleven"].map((pageContent) => ({ id: pageContent, pageContent }));

  it("embed a build's documents and an opened index's queries", async () => {
    const embedder = new HashEmbeddings({});
    const out = join(folder, "langchain");
    const { manifest } = await build({
      documents,
      out,
      embedder,
      keyword: false,
      jobs: 1,
      metric: "euclidean",
    });
    expect(embedder.calls).toBe(1);
    expect(manifest.embedder).toEqual({
      provider: "HashEmbeddings",
      model: "HashEmbeddings",
      dimensions: 3,
      normalized: false,
    });
    const { hits } = await query(out, { query: "three", k: 1 }, { embedder: new HashEmbeddings({}) });
    expect(hits[0]).toMatchObject({ id: "three", distance: 0 });
    await expect(query(out, { query: "three" })).rejects.toMatchObject({ code: "NO_EMBEDDER" });
    const { embedder: service } = await open(openai({ dimensions: 3 }));
    await expect(query(out, { query: "three" }, { embedder: service })).rejects.toMatchObject({
      code: "EMBEDDER_MISMATCH",
    });
  });

  it("are kept in a cache when it is named", async () => {
    const embedder = new HashEmbeddings({});
    const options = {
      documents,
      embedder,
      cache: join(folder, "own.sqlite"),
      keyword: false,
      jobs: 1,
    } as const;
    await build({ ...options, out: join(folder, "a") });
    await build({ ...options, out: join(folder, "b") });
    expect(embedder.calls).toBe(1);
  });
});

describe("naming an embedder", () => {
  it("takes names with models, and keys from the environment", async () => {
    const env = { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: `${base}/v1` };
    const { embedder } = await open("openai:some/model:tag", false, env);
    expect(embedder.identity.model).toBe("some/model:tag");
    expect(seen[0]?.authorization).toBe(`Bearer ${KEY}`);
    expect((await openEmbedder("static")).embedder?.identity.provider).toBe("static");
    expect((await openEmbedder("none")).embedder).toBeUndefined();
  });

  it.each([
    ["BAD_OPTION", "bert", {}],
    ["BAD_OPTION", "openai", { OPENAI_API_KEY: KEY }],
    ["BAD_OPTION", { provider: "nobody" } as unknown as EmbedderSpec, {}],
    ["EMBEDDER_UNAUTHORIZED", "openai:m", {}],
    ["EMBEDDER_UNAUTHORIZED", "workers-ai:m", { CLOUDFLARE_ACCOUNT_ID: "a" }],
    ["EMBEDDER_UNAVAILABLE", "huggingface:m", {}],
    ["EMBEDDER_NOT_FOUND", "static:/nowhere/table.bin", {}],
  ])("gives %s for %j", async (code, spec, env) => {
    await expect(open(spec, false, env)).rejects.toMatchObject({ code });
    expect(seen.length).toBe(0);
  });
});
