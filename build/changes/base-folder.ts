import { copyFile, link, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { writeFolder } from "../artifact/folder.ts";
import { BASE_FOLDER, DATA_FILES, ENCODER_FILE, MANIFEST_FILE, SHARDS_FOLDER } from "../artifact/version.ts";

/** Returns the folder of the base: the artifact folder itself, as long as nothing was changed in it. */
export function baseFolderOf(dir: string, { base }: Pick<Manifest, "base">): string {
  return base ? join(dir, BASE_FOLDER) : dir;
}

/** Writes an artifact folder as it is to another place. */
export async function copyFolder(from: string, manifest: Manifest, out: string): Promise<void> {
  await writeFolder(out, [BASE_FOLDER, SHARDS_FOLDER], async ({ path }) => {
    if (manifest.base) await keepBase(join(from, BASE_FOLDER), path);
    await copyFiles(from, path);
    return path;
  });
}

/** Puts the base's files, which never change, into a folder in the making: by links where the disk has them. */
export async function keepBase(from: string, path: string): Promise<void> {
  await mkdir(join(path, BASE_FOLDER));
  await copyFiles(from, join(path, BASE_FOLDER));
  // Whoever opens or publishes the folder finds the encoder where it always lies.
  if ((await readdir(from)).includes(ENCODER_FILE)) await linkOrCopy(from, path, ENCODER_FILE);
}

/** The files of an artifact, and those of its shards. */
async function copyFiles(from: string, to: string): Promise<void> {
  const names = await readdir(from);
  for (const name of [...DATA_FILES, MANIFEST_FILE, ENCODER_FILE])
    if (names.includes(name)) await linkOrCopy(from, to, name);
  if (!names.includes(SHARDS_FOLDER)) return;
  for (const shard of await readdir(join(from, SHARDS_FOLDER))) {
    const folder = join(SHARDS_FOLDER, shard);
    await mkdir(join(to, folder), { recursive: true });
    await copyFiles(join(from, folder), join(to, folder));
  }
}

async function linkOrCopy(from: string, to: string, name: string): Promise<void> {
  const [source, target] = [join(from, name), join(to, name)];
  // Another file system, one without links, or a file that is there already: of one base it is the same.
  await link(source, target).catch(() => copyFile(source, target));
}
