import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { connectInspector, type Inspector } from "./inspector.ts";

/** Ids of the local R2 and KV. */
export const IDS = { bucket: "memory", namespace: "memory" } as const;

const KERNEL = "core/embedding/encoder/kernel/relaxed.wasm";

/** The project's Worker in a workerd of its own, whose isolate is open to an inspector. */
export interface Isolate {
  readonly url: string;
  readonly inspector: Inspector;
  stop(): Promise<void>;
}

/**
 * Runs the Worker, cold, over the local state in a folder.
 *
 * @param root of the project
 * @param state folder that holds `v3`, as `openLocalStore` has it
 */
export async function startIsolate(
  root: string,
  state: string,
  variables: Readonly<Record<string, string>>,
): Promise<Isolate> {
  const worker = join(root, "worker");
  const { outputFiles } = await build({
    entryPoints: [join(worker, "main.ts")],
    ...{ bundle: true, format: "esm", minify: true, write: false, target: "esnext", logLevel: "error" },
    external: ["*.wasm", "cloudflare:*", "node:*"],
  });
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modulesRoot: worker,
      modules: [
        { type: "ESModule", path: join(worker, "bundle.js"), contents: outputFiles[0]!.text },
        { type: "CompiledWasm", path: join(worker, KERNEL), contents: await readFile(join(worker, KERNEL)) },
      ],
      compatibilityDate: "2026-10-20",
      r2Buckets: { INDEXES: IDS.bucket },
      kvNamespaces: { DOCUMENTS: IDS.namespace },
      durableObjects: { SHARDS: { className: "IndexShard", useSQLite: true } },
      bindings: { ANSWER_CACHE: "off", LOG: "errors", ...variables },
      resourcePersistencePath: join(state, "v3"),
      inspectorPort: 0,
      cf: false,
    }),
  );
  try {
    const { origin } = await runtime.ready;
    const inspector = await connectInspector(await runtime.getInspectorURL(), () =>
      fetch(new URL("/health", origin)).then((response) => response.arrayBuffer()),
    );
    const stop = async () => {
      inspector.close();
      await runtime.dispose();
    };
    return { url: origin, inspector, stop };
  } catch (error) {
    await runtime.dispose();
    throw error;
  }
}
