import { readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { types } from "node:util";
import { Worker } from "node:worker_threads";
import { ownQueryEmbedder } from "../embedding/providers/index.ts";
import type { OpenLocalOptions } from "../local/local-index.ts";
import { OptionError } from "../settings/errors.ts";
import { CONFIG_FILES } from "../settings/names.ts";
import type { BuildOptions } from "./build.ts";
import { importFailed, lineOfKey } from "./config-place.ts";
import type { GoldenQuery } from "./golden.ts";
import { readGoldenFile } from "./golden-file.ts";

/** Export of `annoy-edge.config.ts`: the settings of `build`, and what `rebuild` asks of the result. */
export interface Config
  extends Omit<Partial<BuildOptions>, "onProgress" | "onReport" | "onNote" | "explain"> {
  /** Searches that must find what they expect before a version is promoted. */
  readonly golden?: readonly GoldenQuery[];
  /** `true`, or the share of the corpus that may be gone in one rebuild (default 0.5). */
  readonly allowShrink?: boolean | number;
  /** Webhook that is called when a rebuild fails; default: `ANNOY_EDGE_NOTIFY` of the environment. */
  readonly notify?: string;
}

/** Gives a configuration its type in an editor; returns it as it is. */
export function defineConfig(config: Config): Config {
  return config;
}

/** Returns the default folder of an index. */
export function defaultOut(name: string): string {
  return `artifacts/${name}`;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file it came from. */
  readonly path: string;
}

/** Options of `build` that can be written as JSON. */
export type BuildSettings = Omit<
  Partial<BuildOptions>,
  "site" | "source" | "documents" | "onProgress" | "onReport" | "onNote" | "explain"
>;

/** Names of them. A list, because types are gone when a configuration is read. */
export const BUILD_SETTINGS: Readonly<Record<keyof BuildSettings, true>> = {
  name: true,
  out: true,
  baseUrl: true,
  followLinks: true,
  llms: true,
  csvTypes: true,
  embedFields: true,
  notes: true,
  metric: true,
  trees: true,
  targetRecall: true,
  codec: true,
  rescore: true,
  leaf: true,
  seed: true,
  jobs: true,
  maxBytes: true,
  shards: true,
  partition: true,
  shardBytes: true,
  onlyShard: true,
  embedder: true,
  cache: true,
  splitter: true,
  chunkSize: true,
  chunkOverlap: true,
  chunkUnit: true,
  keyword: true,
  filterable: true,
  curation: true,
  strict: true,
};

const KEYS: Readonly<Record<keyof Config, true>> = {
  source: true,
  documents: true,
  site: true,
  ...BUILD_SETTINGS,
  golden: true,
  allowShrink: true,
  notify: true,
};

/** All keys that a configuration may have. */
export const CONFIG_KEYS: readonly string[] = Object.keys(KEYS);

/**
 * Loads a configuration: the file named, or `annoy-edge.config.ts` (`.mts`, `.js`, `.mjs`) in the working directory; undefined
 * when there is none. Paths in it are relative to the file.
 *
 * @throws OptionError when the named file is not there or a key is not known; AnnoyEdgeError `CONFIG_FAILED` when it throws
 */
export async function loadConfig(path?: string): Promise<LoadedConfig | undefined> {
  const file = path === undefined ? await findConfig() : resolve(path);
  if (file === undefined) return undefined;
  if (!(await isFile(file))) throw new OptionError(`The configuration ${file} is not there.`);
  const config = await importConfig(file);
  for (const key of Object.keys(config)) {
    if (Object.hasOwn(KEYS, key)) continue;
    const line = lineOfKey(await readFile(file, "utf8"), key);
    const place = line === undefined ? file : `${file}:${line}`;
    throw new OptionError(`${place}: the configuration has the key ${key}, which is not known.`);
  }
  const kept = await readGoldenFile(file);
  const own = withPaths(config, dirname(file));
  if (kept.length === 0) return { config: own, path: file };
  // A list that is none is for others to refuse.
  const golden =
    own.golden === undefined || Array.isArray(own.golden) ? [...(own.golden ?? []), ...kept] : own.golden;
  return { config: { ...own, golden }, path: file };
}

/**
 * For opening an artifact where a configuration is: texts are embedded by the embedder that it brings, should the index be
 * made with one of the application's own. Nothing is read before a text asks for it.
 *
 * @returns nothing to open it with where there is no configuration
 */
export async function withConfiguredEmbedder(path?: string): Promise<OpenLocalOptions> {
  const file = path ?? (await findConfig());
  if (file === undefined) return {};
  return { embedder: ownQueryEmbedder(async () => (await loadConfig(file))?.config.embedder) };
}

/** Returns the default export, its getters read. @throws OptionError, AnnoyEdgeError `CONFIG_FAILED` */
async function importConfig(file: string): Promise<Config> {
  const watchdog = watchImport(file);
  try {
    const { default: config } = (await import(pathToFileURL(file).href)) as { default?: unknown };
    const fault = faultOf(config);
    if (fault === undefined) return { ...(config as Config) };
    throw new OptionError(`${file} has ${fault}. An object is needed: export default { source: ... }.`);
  } catch (cause) {
    throw cause instanceof OptionError ? cause : importFailed(file, cause);
  } finally {
    await watchdog.terminate();
  }
}

/** Why a default export is no configuration; undefined when it is an object, whose keys are looked at later. */
function faultOf(config: unknown): string | undefined {
  if (config === undefined) return "no default export";
  if (Array.isArray(config)) return "a list as its default export";
  if (types.isPromise(config)) return "a promise as its default export; put await before it";
  if (typeof config === "object" && config !== null) return undefined;
  const isFunction = typeof config === "function";
  return `${isFunction ? "a function or class" : String(config)} as its default export`;
}

/** Seconds after which an import is said to take long. */
const SLOW_SECONDS = 10;

/** Tells on stderr of an import that does not end. On a thread of its own: code that loops leaves this one no turn. */
function watchImport(file: string): Worker {
  const line = `annoy-edge: ${file} has been loading for ${SLOW_SECONDS} seconds. If its code never ends, end process ${process.pid} by kill -9. (CONFIG_SLOW)\n`;
  const script = `setTimeout(() => require("node:fs").writeSync(2, ${JSON.stringify(line)}), ${SLOW_SECONDS * 1000})`;
  const watchdog = new Worker(script, { eval: true });
  watchdog.unref();
  return watchdog;
}

async function findConfig(): Promise<string | undefined> {
  for (const name of CONFIG_FILES) if (await isFile(resolve(name))) return resolve(name);
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}

function withPaths(config: Config, folder: string): Config {
  // What is no path is for `build` to refuse; an empty one would become the folder itself.
  const from = (path: unknown) =>
    typeof path === "string" && path !== "" && !isAbsolute(path) ? join(folder, path) : (path as string);
  const { source, site, out, cache, curation } = config;
  return {
    ...config,
    ...(source !== undefined && { source: Array.isArray(source) ? source.map(from) : from(source) }),
    ...(site !== undefined && !/^https?:/i.test(site) && { site: from(site) }),
    ...(out !== undefined && { out: from(out) }),
    ...(typeof curation === "string" && { curation: from(curation) }),
    ...(typeof cache === "string" && { cache: from(cache) }),
  };
}
