import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { ISOLATE_BYTES } from "../../../worker/core/format/budget.ts";
import { connectInspector, type Inspector } from "./inspector.ts";

/** Ids of the local R2 and KV. */
export const IDS = { bucket: "memory", namespace: "memory" } as const;

/** Variable that Miniflare takes V8's flags from. */
const V8_FLAGS = "MINIFLARE_WORKERD_V8_FLAGS";
const MIB = 2 ** 20;

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
 * @param entry another module than the Worker's own
 * @param heapBytes limit of V8's heap; 0: none. By itself workerd sets none, and V8 then keeps as much garbage as suits a
 *   machine of this size
 */
export async function startIsolate(
  root: string,
  state: string,
  variables: Readonly<Record<string, string>>,
  { heapBytes = ISOLATE_BYTES, entry }: { readonly heapBytes?: number; readonly entry?: string } = {},
): Promise<Isolate> {
  const worker = join(root, "worker");
  const { outputFiles } = await build({
    entryPoints: [entry ?? join(worker, "main.ts")],
    outdir: worker,
    ...{ bundle: true, format: "esm", minify: true, write: false, target: "esnext", logLevel: "error" },
    external: ["*.wasm", "cloudflare:*", "node:*"],
  });
  if (heapBytes > 0) process.env[V8_FLAGS] = `--max-heap-size=${Math.floor(heapBytes / MIB)}`;
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
  } finally {
    delete process.env[V8_FLAGS];
  }
}
