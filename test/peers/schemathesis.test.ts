import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { runSchemathesis, SUBJECT } from "./schemathesis.ts";
import { temporaryFolder } from "./vectors.ts";
import { type PeerWorker, startWorker } from "./worker.ts";

const peers = inject("peers");
const folder = temporaryFolder();

describe.runIf(peers)("schemathesis", () => {
  let worker: PeerWorker;
  beforeAll(async () => {
    worker = await startWorker(folder, "docs", SUBJECT);
  });
  afterAll(() => worker?.close());

  test("all phases and checks find no failure by /openapi.json", async () => {
    const asked = { python: peers!.python, url: worker.url, examples: 3, seed: 1, cwd: folder };
    const { code, output } = await runSchemathesis(asked);
    expect(output).toContain("Test cases:");
    expect(code, output).toBe(0);
  }, 400_000);
});
