import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Ids of the local R2 and KV that {@link temporaryStore} opens. */
export const IDS = { bucket: "bucket", namespace: "namespace" } as const;

/** A module of a Worker: TypeScript that was stripped of its types, or bytes of WebAssembly. */
export interface WorkerModule {
  readonly path: string;
  readonly contents: string | Uint8Array;
}

export interface RunningWorker {
  readonly url: URL;
  stop(): Promise<void>;
}

/**
 * Runs a Worker in workerd of its own, cold, over the local state in `dir`.
 *
 * @param objects classes of Durable Objects by their bindings
 */
export async function runWorker(
  dir: string,
  modules: readonly WorkerModule[],
  bindings: Readonly<Record<string, string>>,
  objects: Readonly<Record<string, string>> = {},
): Promise<RunningWorker> {
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: modules.map(({ path, contents }) => ({
        type: typeof contents === "string" ? ("ESModule" as const) : ("CompiledWasm" as const),
        path,
        contents,
      })),
      modulesRoot: ROOT,
      compatibilityDate: "2026-10-20",
      r2Buckets: { INDEXES: IDS.bucket },
      kvNamespaces: { DOCUMENTS: IDS.namespace },
      bindings: { ...bindings },
      durableObjects: Object.fromEntries(
        Object.entries(objects).map(([name, className]) => [name, { className, useSQLite: true }]),
      ),
      resourcePersistencePath: join(dir, "v3"),
      cf: false,
      unsafeTriggerHandlers: true,
    }),
  );
  return { url: await runtime.ready, stop: () => runtime.dispose() };
}

/** The whole Worker as wrangler bundles it for a deployment. */
export async function bundleWorker(): Promise<WorkerModule[]> {
  const out = await mkdtemp(join(tmpdir(), "annoy-edge-bundle-"));
  try {
    const manifest = createRequire(import.meta.url).resolve("wrangler/package.json");
    const args = [join(dirname(manifest), "bin", "wrangler.js"), "deploy", "--dry-run", "--outdir", out];
    await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    const names = await readdir(out);
    const script = names.find((name) => name.endsWith(".js"));
    if (script === undefined) throw new Error(`wrangler bundled no script: ${names.join(", ")}`);
    const modules: WorkerModule[] = [
      { path: join(ROOT, "bundle.js"), contents: await readFile(join(out, script), "utf8") },
    ];
    for (const name of names) {
      if (name.endsWith(".wasm"))
        modules.push({ path: join(ROOT, name), contents: await readFile(join(out, name)) });
    }
    return modules;
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** A module and all it imports by relative paths, types stripped: no bundler in between. */
export async function modulesOf(entry: string): Promise<WorkerModule[]> {
  const found = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    if (found.has(path)) return;
    const contents = stripTypeScriptTypes(await readFile(path, "utf8"));
    found.set(path, contents);
    for (const [, target] of contents.matchAll(/^(?:import|export)[^"']*?from "(\.[^"]+)"/gm)) {
      await visit(resolve(dirname(path), target!));
    }
  };
  await visit(resolve(ROOT, entry));
  return [...found].map(([path, contents]) => ({ path: resolve(ROOT, relative(ROOT, path)), contents }));
}
