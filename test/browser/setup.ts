import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { build } from "../../build/index.ts";
import { freePort, publishLocally, serve } from "../../scripts/demo/index.ts";
import { testDocuments } from "./documents.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly origin: string;
  }
}

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Builds a small index, publishes it to R2 and KV of its own, and serves it: everything is the real thing. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "annoy-edge-browser-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const out = join(folder, "index");
    const persistTo = join(folder, "state");
    await build({
      name: "browser",
      documents: testDocuments,
      embedder: "static",
      notes: { kind: "wordnet" },
      out,
    });
    await publishLocally(out, { root: ROOT, persistTo });
    const server = await serve({
      root: ROOT,
      port: await freePort(),
      persistTo,
      variables: { INDEX_NAME: "browser" },
    });
    project.provide("origin", server.url);
    return async () => {
      await server.stop();
      await remove();
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
