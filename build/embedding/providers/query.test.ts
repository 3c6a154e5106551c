import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { build, query } from "../../index.ts";

/** Speaks OpenAI's API: a text's vector counts its vowels. */
let server: Server;
let folder: string;
const asked: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-service-"));
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { input } = JSON.parse(body) as { input: string | string[] };
    const texts = [input].flat();
    asked.push(...texts);
    const embedding = (text: string) => [..."aeiou"].map((vowel) => text.split(vowel).length - 1);
    const data = texts.map((text, index) => ({ object: "embedding", index, embedding: embedding(text) }));
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ object: "list", data, model: "vowels", usage: { prompt_tokens: 1, total_tokens: 1 } }),
    );
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  // A TCP server's address is an object.
  const { port } = server.address() as AddressInfo;
  vi.stubEnv("OPENAI_BASE_URL", `http://127.0.0.1:${port}/v1`);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await new Promise((done) => server.close(done));
  await rm(folder, { recursive: true, force: true });
});

test("an index built with a service embeds its queries with it, and asks it nothing before a text comes", async () => {
  const out = join(folder, "index");
  const cache = join(folder, "cache.sqlite");
  const documents = ["banana", "tree", "kiwi", "onion"].map((pageContent) => ({ pageContent }));
  const settings = { documents, out, cache, embedder: "openai:vowels", keyword: false } as const;
  const { manifest } = await build(settings);
  expect(manifest.embedder).toMatchObject({ provider: "openai", model: "vowels", dimensions: 5 });
  asked.length = 0;
  const item = await query(out, { item: 2, k: 1 });
  expect(item.hits[0]?.document?.pageContent).toBe("kiwi");
  expect(asked).toEqual([]);
  const text = await query(out, { query: "papaya", k: 1 });
  expect(text.hits[0]?.document?.pageContent).toBe("banana");
  expect(asked).toContain("papaya");
  asked.length = 0;
  await build(settings);
  expect(asked).toEqual([]);
});
