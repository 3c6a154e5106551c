import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

/**
 * The command itself, killed while it embeds: the process is gone between two instructions, as in a power cut, and
 * nobody closes the cache.
 */
const COMMAND = fileURLToPath(new URL("../../scripts/annoy-edge.js", import.meta.url));
const KEY = "sk-must-not-be-kept";
const DOCUMENTS = 10_000;
/** Body of one request to OpenAI's API. */
const BATCH = 512;
const DIMENSIONS = 8;

let folder: string;
let server: Server;
let base: string;
let texts: string[] = [];
/** Asked before each answer. */
let onRequest: (request: number) => boolean = () => true;
let requests = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "crash-"));
  const lines = Array.from({ length: DOCUMENTS }, (_, i) => `{"id":"d${i}","text":"document number ${i}"}\n`);
  await writeFile(join(folder, "docs.jsonl"), lines.join(""));
  server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { input } = JSON.parse(Buffer.concat(chunks).toString()) as { input: string[] };
    if (!onRequest(++requests)) return;
    texts.push(...input);
    const data = input.map((text, index) => ({ index, embedding: vectorOf(text) }));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ data }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

function vectorOf(text: string): number[] {
  let state = [...text].reduce((hash, c) => Math.imul(hash ^ c.charCodeAt(0), 16_777_619), 2_166_136_261);
  return Array.from({ length: DIMENSIONS }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function start(...more: string[]): { child: ChildProcess; output: () => string } {
  const args = ["build", "--source", "docs.jsonl", "--out", "index", "--embedder", "openai:m", "--jobs", "1"];
  const child = spawn(process.execPath, [COMMAND, ...args, "--no-keyword", ...more], {
    cwd: folder,
    env: { ...process.env, OPENAI_API_KEY: KEY, OPENAI_BASE_URL: base },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return { child, output: () => output };
}

async function finish({ child, output }: ReturnType<typeof start>): Promise<string> {
  const [code] = await once(child, "close");
  expect(code, output()).toBe(0);
  return output();
}

it("after a kill half-way only the other half is asked for; a rebuild of what is unchanged asks for nothing", async () => {
  const first = start();
  const half = Math.ceil(DOCUMENTS / BATCH / 2);
  onRequest = (request) => {
    // One request finds out how long the vectors are.
    if (request <= half + 1) return true;
    first.child.kill("SIGKILL");
    return false;
  };
  const [, signal] = await once(first.child, "close");
  expect(signal).toBe("SIGKILL");
  const before = new Set(texts.filter((text) => text.startsWith("document")));
  expect(before.size).toBe(half * BATCH);

  onRequest = () => true;
  texts = [];
  requests = 0;
  const output = await finish(start());
  // Answers that were on their way when it died may be asked for again: a request of each of its four lanes.
  const again = texts.filter((text) => before.has(text));
  expect(again.length).toBeLessThanOrEqual(4 * BATCH);
  expect(new Set([...before, ...texts]).size).toBe(DOCUMENTS);
  expect(texts.length).toBe(DOCUMENTS - before.size + again.length);

  texts = [];
  requests = 0;
  const same = await finish(start("--json"));
  expect([requests, texts.length]).toEqual([0, 0]);

  for (const name of ["index/forest.bin", "index/manifest.json", "index/documents.jsonl"]) {
    expect(await readFile(join(folder, name), "latin1"), name).not.toContain(KEY);
  }
  for (const name of ["embeddings.sqlite", "embeddings.sqlite-wal"]) {
    const bytes = await readFile(join(folder, ".annoy-edge", name), "latin1").catch(() => "");
    expect(bytes, name).not.toContain(KEY);
  }
  for (const printed of [first.output(), output, same]) expect(printed).not.toContain(KEY);
});
