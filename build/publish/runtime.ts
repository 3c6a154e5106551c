import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { MiniflareOptions } from "miniflare";
import { runFolder } from "../settings/run-folder.ts";
import { importMiniflare, workerdPath } from "./tools.ts";

export interface Runtime {
  readonly origin: URL;
  stop(): Promise<void>;
}

const SUPERVISOR = fileURLToPath(new URL("./workerd.sh", import.meta.url));

let starting = 0;

/** Starts workerd by Miniflare. On POSIX systems it ends with this process, also when that one is killed. */
export async function startRuntime(options: MiniflareOptions): Promise<Runtime> {
  const { Miniflare } = await importMiniflare();
  const folder = await runFolder();
  const supervised = await canSupervise();
  if (supervised) supervise(folder);
  try {
    const runtime = within(folder, () => new Miniflare(options));
    try {
      return { origin: await runtime.ready, stop: () => runtime.dispose() };
    } catch (error) {
      await runtime.dispose().catch(() => {});
      throw error;
    }
  } finally {
    if (supervised) unsupervise();
  }
}

/** Calls `make` while the system's temporary folder is `folder`: Miniflare has no option for it. */
function within<T>(folder: string, make: () => T): T {
  const { TMPDIR } = process.env;
  process.env.TMPDIR = folder;
  try {
    return make();
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
}

/** Whether the script may be run: an archive may have lost its mode, and Windows has no shell for it. */
async function canSupervise(): Promise<boolean> {
  if (process.platform === "win32" || (starting === 0 && process.env.MINIFLARE_WORKERD_PATH)) return false;
  return access(SUPERVISOR, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Lets Miniflare run the script in workerd's place. It reads the variables when it starts workerd, not before. */
function supervise(folder: string): void {
  starting++;
  process.env.MINIFLARE_WORKERD_PATH = SUPERVISOR;
  process.env.ANNOY_EDGE_WORKERD = workerdPath();
  process.env.ANNOY_EDGE_RUN_FOLDER = folder;
}

function unsupervise(): void {
  if (--starting > 0) return;
  for (const name of ["MINIFLARE_WORKERD_PATH", "ANNOY_EDGE_WORKERD", "ANNOY_EDGE_RUN_FOLDER"]) {
    delete process.env[name];
  }
}
