import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { textCorpus } from "../seed/corpus.ts";
import { installTools } from "./tools.ts";
import { temporaryFolder } from "./vectors.ts";
import { type PeerWorker, startWorker } from "./worker.ts";

const run = promisify(execFile);
const folder = temporaryFolder();
const modules = await installTools("conformance");

/**
 * Scenarios that a server with tools of its own has. The others ask for tools, prompts and resources of their example, or
 * for sessions.
 */
const SCENARIOS = [
  "server-initialize",
  "ping",
  "tools-list",
  "tools-call-simple-text",
  "tools-call-error",
  "dns-rebinding-protection",
];

describe.runIf(modules)("the conformance checks of the Model Context Protocol", () => {
  let worker: PeerWorker;
  beforeAll(async () => {
    worker = await startWorker(folder, "docs", { documents: textCorpus(), embedder: "static" });
  });
  afterAll(() => worker?.close());

  test.each(SCENARIOS)("%s passes", async (scenario) => {
    const program = join(modules!, "@modelcontextprotocol/conformance/dist/index.js");
    const url = new URL("/mcp", worker.url).href;
    // Fails by its exit code, with what it printed.
    const { stdout, stderr } = await run(process.execPath, [
      program,
      "server",
      ...["--url", url, "--scenario", scenario],
    ]);
    const [, passed, all] = /Passed: (\d+)\/(\d+), 0 failed/.exec(stdout + stderr) ?? [];
    expect(Number(passed)).toBeGreaterThan(0);
    expect(passed).toBe(all);
  });
});
