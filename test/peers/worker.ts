import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "../../build/index.ts";
import { openLocalStore } from "../../build/publish/local.ts";
import { publish } from "../../build/publish/publish.ts";
import { freePort, serve } from "../../scripts/demo/index.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PATIENCE_MS = 20_000;

export interface PeerWorker {
  readonly url: string;
  /** Builds an index, publishes it and returns when the Worker answers from it. */
  publish(name: string, options: Omit<BuildOptions, "out" | "name">): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves the Worker in workerd (`wrangler dev`) with R2 and KV of its own.
 *
 * @param folder where state and artifacts lie
 * @param first the index that routes without a name answer from, and what it is made of
 */
export async function startWorker(
  folder: string,
  first: string,
  options: Omit<BuildOptions, "out" | "name">,
): Promise<PeerWorker> {
  const persistTo = join(folder, "state");
  const store = await openLocalStore({ root: ROOT, persistTo });
  let count = 0;
  const publishIndex = async (
    name: string,
    settings: Omit<BuildOptions, "out" | "name">,
  ): Promise<string> => {
    const out = join(folder, `artifact-${count++}`);
    const { manifest } = await build({ ...settings, name, out, jobs: 1 });
    // Forced: these are tests of answers, and a handful of documents certifies nothing.
    await publish(store, out, { by: "test:peers", force: true });
    return manifest.version;
  };
  await publishIndex(first, options);
  const server = await serve({
    root: ROOT,
    port: await freePort(),
    persistTo,
    variables: { INDEX_NAME: `${first},*`, REFRESH_SECONDS: "0.01", LOG: "off", ANSWER_CACHE: "off" },
  });
  return {
    url: server.url,
    async publish(name, settings) {
      const version = await publishIndex(name, settings);
      for (const start = Date.now(); Date.now() - start < PATIENCE_MS; await sleep(15)) {
        const response = await fetch(new URL(`/v1/indexes/${name}/index`, server.url));
        const said = (await response.json()) as { version?: string };
        if (said.version === version) return;
      }
      throw new Error(`The Worker does not answer from version ${version} of ${name}.`);
    },
    async close() {
      await server.stop();
      await store.close();
    },
  };
}
