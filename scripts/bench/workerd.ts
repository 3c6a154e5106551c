import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { childrenNamed, cpuSecondsOf, residentBytes } from "./cpu.ts";

type Settings = Parameters<typeof convertV4MiniflareOptions>[0];

export interface WorkerdOptions {
  /** Module of the Worker; the .wasm and .bin files that it imports come along. */
  readonly entry: string;
  /** Folder whose `node_modules` hold the packages that the entry imports; by default the project's. */
  readonly packages?: string | undefined;
  /** Bindings and the rest, as Miniflare takes them. */
  readonly settings?: Omit<Settings, "modules">;
}

/** A Worker in a workerd of its own. */
export interface Workerd extends AsyncDisposable {
  readonly runtime: Miniflare;
  readonly url: string;
  /** Seconds that all threads of workerd have run; of the clock where the system does not say. */
  cpuSeconds(): number;
  /** Resident bytes of workerd; NaN where the system does not say. */
  residentBytes(): number;
}

/** Bundles a Worker as a deployment would, and runs it. */
export async function startWorkerd({ entry, packages, settings = {} }: WorkerdOptions): Promise<Workerd> {
  const others = new Set(childrenNamed("workerd"));
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      ...{ compatibilityDate: "2026-10-20", cf: false },
      modulesRoot: OUT,
      modules: await bundle(entry, packages),
      ...settings,
    } as Settings),
  );
  try {
    const { origin } = await runtime.ready;
    const pid = childrenNamed("workerd").find((child) => !others.has(child)) ?? -1;
    return {
      runtime,
      url: origin,
      cpuSeconds: () => cpuSecondsOf(pid) ?? performance.now() / 1000,
      residentBytes: () => residentBytes(pid),
      [Symbol.asyncDispose]: () => runtime.dispose(),
    };
  } catch (error) {
    await runtime.dispose();
    throw error;
  }
}

/** Folder that bundles stand in by their modules' names; nothing is written there. */
const OUT = join(import.meta.dirname, "bundle");
const TYPES = { js: "ESModule", wasm: "CompiledWasm", bin: "Data" } as const;

async function bundle(entry: string, packages: string | undefined) {
  const { outputFiles } = await build({
    ...{ entryPoints: [entry], outdir: OUT, write: false, bundle: true, format: "esm", minify: true },
    ...{ target: "esnext", logLevel: "error", conditions: ["workerd", "worker", "browser"] },
    external: ["cloudflare:*", "node:*"],
    loader: { ".wasm": "copy", ".bin": "copy" },
    plugins: packages === undefined ? [] : [packagesOf(packages)],
  });
  const modules = outputFiles.map(({ path, contents }) => ({
    type: TYPES[path.split(".").at(-1) as keyof typeof TYPES],
    path,
    contents,
  }));
  // The entry is the first.
  return modules.toSorted((a, b) => Number(b.type === "ESModule") - Number(a.type === "ESModule"));
}

/** Finds packages in another folder than the file's that imports them. */
function packagesOf(folder: string): Plugin {
  return {
    name: "packages",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^[^./]/, namespace: "file" }, ({ path, kind, importer, pluginData }) =>
        pluginData === folder || importer.startsWith(folder)
          ? undefined
          : resolve(path, { kind, resolveDir: folder, pluginData: folder }),
      );
    },
  };
}
