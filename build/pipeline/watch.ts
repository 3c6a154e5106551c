import { type FSWatcher, watch as watchFiles } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { OptionError } from "../settings/errors.ts";
import { type LoadedConfig, loadConfig } from "./config.ts";
import { type RebuildOptions, type RebuildResult, rebuild } from "./rebuild.ts";

export interface WatchOptions extends Omit<RebuildOptions, "config" | "ifChanged" | "compact" | "dryRun"> {
  /** Path of the configuration; default: `annoy-edge.config.ts` in the working directory. */
  readonly config?: string;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** Receives what each rebuild came to. */
  readonly onResult?: (result: RebuildResult) => void;
  /** Receives why a rebuild failed; the watch goes on. */
  readonly onFailure?: (error: AnnoyEdgeError) => void;
}

/** Milliseconds without a further change after which a rebuild begins: editors write a file in several steps. */
const SETTLE_MS = 100;

/**
 * Rebuilds whenever a file that a configuration reads has changed, on top of the current base, until `signal` ends it. For
 * development: what is published locally, `wrangler dev` answers from.
 *
 * @throws OptionError when there is no configuration, or nothing in it to watch
 */
export async function watch(options: WatchOptions = {}): Promise<void> {
  const { config, signal, onResult, onFailure, ...rest } = options;
  const loaded = await loadConfig(config);
  if (!loaded) {
    throw new OptionError(
      "There is no annoy-edge.config.ts here. Write one (docs/cli.md shows how), or name another with --config.",
    );
  }
  let isStale = true;
  let wake = () => {};
  const onChange = () => {
    isStale = true;
    wake();
  };
  const watchers = (await watchedPaths(loaded)).map((path) => openWatcher(path, onChange));
  signal?.addEventListener("abort", onChange, { once: true });
  try {
    while (!signal?.aborted) {
      if (!isStale) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        await sleep(SETTLE_MS);
        continue;
      }
      isStale = false;
      try {
        // Documents are few and change often: a new base would take longer than it saves.
        onResult?.(await rebuild({ compactAt: 1, ...rest, config: loaded.config, ifChanged: true }));
      } catch (error) {
        const failure = failureOf(error);
        // Another publisher won: what was built is on top of a version that is not current any more.
        if (OVERTAKEN.has(failure.code)) isStale = true;
        onFailure?.(failure);
      }
    }
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

const OVERTAKEN: ReadonlySet<string> = new Set(["PUBLISH_CONFLICT", "PUBLISH_OVERTAKEN"]);

/** Failures of the file system pass as others do. @throws what is no failure but a bug */
function failureOf(error: unknown): AnnoyEdgeError {
  if (error instanceof AnnoyEdgeError) return error;
  const { code, syscall, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (code && syscall) return new AnnoyEdgeError(code, message, { cause: error });
  throw error;
}

function openWatcher(path: string, onChange: () => void): FSWatcher {
  const watcher = watchFiles(path, { recursive: true }, onChange);
  // A folder that is removed while it is watched.
  watcher.on("error", onChange);
  return watcher;
}

/** Files and folders that a configuration reads; of a glob the folder in which it begins. */
async function watchedPaths({ config: { source = [], site } }: LoadedConfig): Promise<string[]> {
  const named = [...(typeof source === "string" ? [source] : source), ...(site ? [site] : [])];
  const paths = new Set<string>();
  for (const path of named) {
    if (/^https?:/.test(path)) continue;
    let existing = path.replace(/[*?{[].*$/s, "");
    if (existing !== path) existing = dirname(`${existing}x`);
    if (await stat(existing).catch(() => undefined)) paths.add(existing);
  }
  if (paths.size > 0) return [...paths];
  throw new OptionError(
    named.length > 0
      ? `Of what the configuration reads, ${named.join(", ")}, no file or folder is there to be watched. Make it, or mend source or site.`
      : "The configuration names no file or folder that could be watched: watch needs source or site. Run rebuild where documents come from elsewhere.",
  );
}
