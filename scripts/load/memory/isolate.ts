import { join } from "node:path";
import { ISOLATE_BYTES } from "../../../worker/core/format/budget.ts";
import { ROOT } from "../../bench/tool.ts";
import { startWorkerd, type Workerd } from "../../bench/workerd.ts";
import { connectInspector, type Inspector } from "./inspector.ts";

/** Ids of the local R2 and KV. */
export const IDS = { bucket: "memory", namespace: "memory" } as const;

/** Variable that Miniflare takes V8's flags from. */
const V8_FLAGS = "MINIFLARE_WORKERD_V8_FLAGS";
const MIB = 2 ** 20;

/** The project's Worker in a workerd of its own, whose isolate is open to an inspector. */
export interface Isolate extends Workerd {
  readonly inspector: Inspector;
}

export interface IsolateOptions {
  /** Folder of the local state that holds `v3`, as `openLocalStore` has it. */
  readonly state: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Another module than the Worker's own. */
  readonly entry?: string;
  /**
   * Limit of V8's heap; 0: none. By itself workerd sets none, and V8 then keeps as much garbage as suits a machine of this
   * size.
   */
  readonly heapBytes?: number;
}

/** Runs the Worker, cold, over local state. */
export async function startIsolate(options: IsolateOptions): Promise<Isolate> {
  const { state, variables, entry = join(ROOT, "worker", "main.ts"), heapBytes = ISOLATE_BYTES } = options;
  if (heapBytes > 0) process.env[V8_FLAGS] = `--max-heap-size=${Math.floor(heapBytes / MIB)}`;
  const workerd = await startWorkerd({
    entry,
    settings: {
      r2Buckets: { INDEXES: IDS.bucket },
      kvNamespaces: { DOCUMENTS: IDS.namespace },
      durableObjects: { SHARDS: { className: "IndexShard", useSQLite: true } },
      bindings: { ANSWER_CACHE: "off", LOG: "errors", ...variables },
      resourcePersistencePath: join(state, "v3"),
      inspectorPort: 0,
    },
  }).finally(() => delete process.env[V8_FLAGS]);
  const address = await workerd.runtime.getInspectorURL();
  const wake = async () => (await fetch(new URL("/health", workerd.url))).arrayBuffer();
  const inspector = await connectInspector(address, wake);
  return {
    ...workerd,
    inspector,
    async [Symbol.asyncDispose]() {
      inspector.close();
      await workerd[Symbol.asyncDispose]();
    },
  };
}
