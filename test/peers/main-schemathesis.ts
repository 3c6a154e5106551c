import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runSchemathesis, SUBJECT } from "./schemathesis.ts";
import { preparePeers } from "./venv.ts";
import { startWorker } from "./worker.ts";

// `npm run test:schemathesis [-- --examples 100 --seed 1]`: schemathesis against the Worker, all phases and checks.

const { values } = parseArgs({
  options: { examples: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});
const cwd = await mkdtemp(join(tmpdir(), "annoy-edge-schemathesis-"));
try {
  const { python } = await preparePeers();
  const worker = await startWorker(cwd, "docs", SUBJECT);
  try {
    const { code } = await runSchemathesis({
      ...{ python, url: worker.url, cwd, examples: Number(values.examples), seed: Number(values.seed) },
      onText: (text) => process.stdout.write(text),
    });
    process.exitCode = code;
  } finally {
    await worker.close();
  }
} finally {
  await rm(cwd, { recursive: true, force: true });
}
