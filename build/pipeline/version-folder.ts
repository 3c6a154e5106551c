import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readManifest } from "../artifact/folder.ts";
import { downloadVersion } from "../publish/download.ts";
import { type PublishStore, withStore } from "../publish/index.ts";

/** Published version that a folder is wanted of. */
export interface PublishedVersion {
  readonly name: string;
  readonly version: string;
}

/** Runs with a folder of a version: the build's own at `out` when it holds it, else one that is downloaded. */
export async function withFolderOf<R>(
  { name, version }: PublishedVersion,
  out: string,
  open: () => Promise<PublishStore>,
  run: (dir: string) => Promise<R>,
): Promise<R> {
  const local = await readManifest(out).catch(() => undefined);
  if (local?.version === version && local.name === name) return run(out);
  const dir = await mkdtemp(join(tmpdir(), "annoy-edge-version-"));
  try {
    await withStore(open, (store) => downloadVersion(store, name, version, dir));
    return await run(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
