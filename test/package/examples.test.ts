import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installInto, packInto, ROOT, run } from "./packed.ts";

/** The examples and new projects as somebody else has them: outside the repository, with the package from its tarball. */
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");

let folder: string;
const started: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "examples-"));
  const tarball = await packInto(folder);
  // Node and bundlers look for packages in the folders above.
  await installInto(join(folder, "node_modules"), tarball);
});
afterAll(async () => {
  for (const child of started) child.kill();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const command = () => join(folder, "node_modules/annoy-edge/dist/scripts/annoy-edge.js");

interface Answer {
  readonly hits: readonly {
    readonly id: string;
    readonly document: { readonly metadata: { readonly url: string } };
  }[];
}

async function annoyEdge(cwd: string, args: readonly string[], env: Record<string, string> = {}) {
  const { stdout } = await run(process.execPath, [command(), ...args, "--json"], {
    cwd,
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout);
}

/** Copies an example, checks its types, builds and publishes its index to the local state. */
async function prepare(name: string, env: Record<string, string> = {}): Promise<string> {
  const root = join(folder, name);
  await cp(join(ROOT, "examples", name), root, { recursive: true });
  await run(process.execPath, [tsc, "-p", "tsconfig.json"], { cwd: root });
  expect(await annoyEdge(root, ["rebuild"], env)).toMatchObject({ outcome: "published" });
  return root;
}

/** Starts `wrangler dev`, and waits until it answers. */
async function serve(root: string): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const args = [wrangler, "dev", "--port", String(port), "--inspector-port", "0", "--local"];
  const env = { ...process.env, CI: "true", WRANGLER_SEND_METRICS: "false" };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: "ignore" });
  started.push(child);
  const ask = (path: string, init?: RequestInit) => fetch(`http://localhost:${port}${path}`, init);
  for (let attempt = 0; attempt < 120; attempt++) {
    if (await ask("/").catch(() => undefined)) return ask;
    await sleep(250);
  }
  throw new Error(`${root} did not start.`);
}

/** Workers AI runs in Cloudflare's network only: a second entry, `src/stand-in.ts`, stands in for its binding. */
async function withoutAi(root: string): Promise<void> {
  const path = join(root, "wrangler.jsonc");
  const { ai: _, ...local } = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...local, main: "src/stand-in.ts" }));
}

test("hono-api: the search under a path, and the application's own page", async () => {
  const ask = await serve(await prepare("hono-api"));
  expect(await (await ask("/")).text()).toContain("A shop");
  const answer = await (await ask("/search/v1/search?q=go+back&k=1")).json();
  expect(answer).toMatchObject({ index: "docs", hits: [{ id: "rollback.md" }] });
});

test("static-site: its pages and the search over them", async () => {
  const ask = await serve(await prepare("static-site"));
  expect(await (await ask("/")).text()).toContain("<annoy-search");
  const { hits } = (await (await ask("/v1/search?q=knead&k=1")).json()) as Answer;
  expect(hits[0]?.document.metadata.url).toMatch(/^\/sourdough\.html/);
});

test("langchain-chat: the retriever finds what the model is given", async () => {
  const root = await prepare("langchain-chat");
  await withoutAi(root);
  await writeFile(
    join(root, "src/stand-in.ts"),
    `import app from "./index.ts";
     const AI = { run: async (_model, { messages }) => ({ response: messages[0].content }) };
     export default { fetch: (request, env, ctx) => app.fetch(request, { ...env, AI }, ctx) };`,
  );
  const ask = await serve(root);
  const body = JSON.stringify({ question: "What does a ticket cost?" });
  const answer = (await (await ask("/chat", { method: "POST", body })).json()) as {
    readonly answer: string;
    readonly sources: readonly string[];
  };
  expect(answer.sources[0]).toBe("tickets.md");
  expect(answer.answer).toContain("twelve euros");
});

test("cited-answers: an answer that cites the section it rests on, streamed", async () => {
  const root = await prepare("cited-answers");
  await withoutAi(root);
  // A model that quotes the line of the prompt which says what a ticket costs, in two pieces, and a source that is not there.
  await writeFile(
    join(root, "src/stand-in.ts"),
    `import app from "./index.ts";
     const AI = {
       run: async (_model, { messages }) => {
         const [, number, text] = /\\[(\\d)\\] [^\\n]*\\n(?:# Tickets\\s+)?(A ticket[^.]*\\.)/.exec(messages[0].content);
         const event = (response) => "data: " + JSON.stringify({ response }) + "\\n\\n";
         const all = new TextEncoder().encode(event(text) + event(\` [\${number}] [9]\`) + "data: [DONE]\\n\\n");
         return new ReadableStream({
           start(controller) {
             for (let at = 0; at < all.length; at += 7) controller.enqueue(all.slice(at, at + 7));
             controller.close();
           },
         });
       },
     };
     export default { fetch: (request, env, ctx) => app.fetch(request, { ...env, AI }, ctx) };`,
  );
  const ask = await serve(root);
  const body = JSON.stringify({ question: "What does a ticket cost?" });
  const response = await ask("/answer", { method: "POST", body });
  expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
  const events = (await response.text())
    .trim()
    .split("\n\n")
    .map((event) => ({
      name: /event: (.*)/.exec(event)?.[1],
      data: JSON.parse(/data: (.*)/.exec(event)![1]!),
    }));
  expect(events.map(({ name }) => name)).toEqual(["sources", "text", "text", "citations"]);
  expect(events[1]?.data).toBe("A ticket costs twelve euros.");
  expect(events[3]?.data).toHaveLength(1);
  const [citation] = events[3]!.data;
  expect(citation).toMatchObject({ index: "docs", version: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect(await (await fetch(citation.url)).json()).toMatchObject({
    id: "tickets.md",
    version: citation.version,
  });
  expect((await ask("/answer", { method: "POST", body: "{" })).status).toBe(400);
});

test("scheduled-pipeline: documents of a service, rebuilt when they change", async () => {
  const items = [
    { slug: "bridge", text: "The harbour bridge is painted again.", section: "city" },
    { slug: "rain", text: "Rain is expected until the weekend.", section: "weather" },
  ];
  const server = createServer((request, response) => {
    const second = request.url?.includes("page=2") === true;
    const next = second ? null : `http://127.0.0.1:${(server.address() as AddressInfo).port}/articles?page=2`;
    response.end(JSON.stringify({ items: second ? items.slice(1) : items.slice(0, 1), next }));
  }).listen(0);
  try {
    const env = { ARTICLES_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const root = await prepare("scheduled-pipeline", env);
    expect(await annoyEdge(root, ["rebuild", "--if-changed"], env)).toMatchObject({ outcome: "unchanged" });
    const { hits } = await annoyEdge(root, ["query", "artifacts/articles", "weather", "-k", "1"]);
    expect(hits[0].id).toBe("rain");
  } finally {
    server.close();
  }
});

test("init: a new project is built, published and asked", async () => {
  const root = join(folder, "new-project");
  await annoyEdge(folder, ["init", root]);
  await run(process.execPath, [tsc, "-p", "tsconfig.json"], { cwd: root });
  expect(await annoyEdge(root, ["rebuild"])).toMatchObject({ outcome: "published", name: "docs" });
  const ask = await serve(root);
  const { hits } = (await (await ask("/v1/search?q=how+do+I+go+back&k=1")).json()) as Answer;
  expect(hits[0]?.id).toBe("rollback.md");
  const client = new Client({ name: "test", version: "1" });
  await client.connect(
    new StreamableHTTPClientTransport(new URL((await ask("/health")).url.replace("/health", "/mcp"))),
  );
  const { structuredContent } = await client.callTool({ name: "search", arguments: { query: "go back" } });
  expect(structuredContent).toMatchObject({ hits: [{ id: "rollback.md" }, {}] });
  await client.close();
});

test("init: a Hono project that is there gains the search, and keeps its own page", async () => {
  const root = join(folder, "shop");
  await mkdir(join(root, "src"), { recursive: true });
  const entry = join(root, "src/index.ts");
  const files = {
    "package.json":
      '{ "name": "shop", "scripts": { "dev": "wrangler dev" }, "dependencies": { "hono": "^4.0.0" } }',
    "wrangler.jsonc": `{
      "name": "shop", // of the town
      "main": "src/index.ts",
      "compatibility_date": "2026-10-20",
    }`,
    "src/index.ts": `import { Hono } from "hono";
      const app = new Hono();
      app.get("/", (c) => c.text("A shop"));
      export default app;`,
  };
  for (const [file, text] of Object.entries(files)) await writeFile(join(root, file), text);
  const { changed, kept } = await annoyEdge(root, ["init"]);
  expect(changed.map(({ file }: { readonly file: string }) => file)).toEqual([
    "package.json",
    "wrangler.jsonc",
  ]);
  expect(kept).toContain("src/index.ts");
  // What is left to the person, as `next` says it.
  const text = await readFile(entry, "utf8");
  await writeFile(
    entry,
    `import { createApp } from "annoy-edge/worker";\n${text.replace("export", 'app.route("/search", createApp());\nexport')}`,
  );
  expect(await annoyEdge(root, ["rebuild"])).toMatchObject({ outcome: "published", name: "docs" });
  const ask = await serve(root);
  expect(await (await ask("/")).text()).toBe("A shop");
  const { hits } = (await (await ask("/search/v1/search?q=how+do+I+go+back&k=1")).json()) as Answer;
  expect(hits[0]?.id).toBe("rollback.md");
});

test("create-annoy-edge has the package's version, and asks for it", async () => {
  const read = async (path: string) => JSON.parse(await readFile(join(ROOT, path), "utf8"));
  const { version } = await read("package.json");
  expect(await read("create-annoy-edge/package.json")).toMatchObject({
    version,
    dependencies: { "annoy-edge": version },
  });
});

test("the action's summary says what was published", async () => {
  const path = join(folder, "result.json");
  const documents = { added: 2, removed: 1, kept: 5 };
  await writeFile(
    path,
    JSON.stringify({ outcome: "published", name: "docs", version: "abc", published: { documents } }),
  );
  const script = join(ROOT, "scripts/package/summary.js");
  const { GITHUB_OUTPUT: _, GITHUB_STEP_SUMMARY: __, ...env } = process.env;
  const { stdout } = await run(process.execPath, [script, path], { env });
  expect(stdout).toContain("outcome=published\nversion=abc\nadded=2\nremoved=1");
  expect(stdout).toContain("| documents | 2 added, 1 removed, 5 kept |");
});
