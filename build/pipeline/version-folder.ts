import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { readManifest } from "../artifact/folder.ts";
import { checkAllFiles } from "../changes/open-parts.ts";
import { downloadVersion } from "../publish/download.ts";
import { type PublishStore, withStore } from "../publish/index.ts";
import { runFolder } from "../settings/run-folder.ts";

/** Published version that a folder is wanted of. */
export interface PublishedVersion {
  readonly name: string;
  readonly version: string;
}

/** Runs with a folder of a version: the build's own at `out` when it holds it whole, else one that is downloaded. */
export async function withFolderOf<R>(
  { name, version }: PublishedVersion,
  out: string,
  open: () => Promise<PublishStore>,
  run: (dir: string) => Promise<R>,
): Promise<R> {
  if (await holds(out, { name, version })) return run(out);
  const dir = await mkdtemp(join(await runFolder(), "version-"));
  try {
    await withStore(open, (store) => downloadVersion(store, name, version, dir));
    return await run(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Whether a folder is a version's, with all of its files as they were written. */
async function holds(out: string, { name, version }: PublishedVersion): Promise<boolean> {
  try {
    const manifest = await readManifest(out);
    if (manifest.version !== version || manifest.name !== name) return false;
    await checkAllFiles(out, manifest);
    return true;
  } catch {
    return false;
  }
}
