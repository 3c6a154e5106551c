import { execFile } from "node:child_process";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { textCorpus } from "../seed/corpus.ts";
import { installTools } from "./tools.ts";
import { temporaryFolder } from "./vectors.ts";
import { type PeerWorker, startWorker } from "./worker.ts";

/** Clients made from `/openapi.json` by generators, and what a linter says of it. */
const HERE = fileURLToPath(new URL("openapi/", import.meta.url));
const run = promisify(execFile);
const folder = temporaryFolder();

const modules = await installTools("openapi");

describe.runIf(modules)("/openapi.json", () => {
  let worker: PeerWorker;
  let project: string;
  beforeAll(async () => {
    worker = await startWorker(folder, "docs", { documents: textCorpus(), embedder: "static" });
    project = join(folder, "clients");
    await mkdir(project);
    // Packages are looked for in the folders above a program.
    await symlink(modules!, join(project, "node_modules"));
    await cp(join(HERE, "use.ts"), join(project, "use.ts"));
    await writeFile(join(project, "package.json"), '{ "type": "module" }');
    const response = await fetch(new URL("/openapi.json", worker.url));
    await writeFile(join(project, "openapi.json"), await response.text());
  });
  afterAll(() => worker?.close());

  const tool = async (name: string, ...args: string[]): Promise<string> => {
    const env = { ...process.env, REDOCLY_TELEMETRY: "off", FORCE_COLOR: "0" };
    try {
      const { stdout, stderr } = await run(join(project, "node_modules", ".bin", name), args, {
        cwd: project,
        env,
      });
      return stdout + stderr;
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      throw new Error(`${name} fails:\n${(stdout + stderr).slice(-3000)}`);
    }
  };

  test("Redocly's linter has no complaint", async () => {
    const said = await tool("redocly", "lint", "openapi.json");
    expect(said).toContain("Your API description is valid");
    expect(said).not.toMatch(/\d+ (?:warning|error)/);
  });

  test("clients of openapi-typescript, hey-api and orval compile and find the same", async () => {
    await Promise.all([
      tool("openapi-typescript", "openapi.json", "-o", "schema.d.ts"),
      tool("openapi-ts", "-i", "openapi.json", "-o", "hey"),
      tool("orval", "--input", "openapi.json", "--output", "orval.ts", "--client", "fetch"),
    ]);
    const options = {
      target: "es2023",
      module: "esnext",
      moduleResolution: "bundler",
      lib: ["es2023", "dom", "dom.iterable"],
    };
    const compilerOptions = {
      ...options,
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      allowImportingTsExtensions: true,
    };
    await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
    expect(await tool("tsc", "-p", "tsconfig.json")).toBe("");
    await build({
      absWorkingDir: project,
      entryPoints: ["use.ts"],
      bundle: true,
      platform: "node",
      format: "esm",
      outfile: "use.js",
    });
    // Orval writes paths without an address, for a page of the same origin.
    const { fetch } = globalThis;
    globalThis.fetch = (input, init) =>
      fetch(typeof input === "string" ? new URL(input, worker.url) : input, init);
    try {
      const { ask } = await import(pathToFileURL(join(project, "use.js")).href);
      const { facets, ...found } = await ask(worker.url.replace(/\/$/, ""));
      expect(facets.sort()).toEqual(["topic", "year"]);
      expect(Object.keys(found)).toHaveLength(6);
      for (const [name, ids] of Object.entries(found)) {
        expect(ids, name).toEqual(found["openapi-fetch"]);
        expect((ids as string[])[0], name).toBe("food-0");
      }
    } finally {
      globalThis.fetch = fetch;
    }
  });
});
