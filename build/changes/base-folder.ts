import { copyFile, link, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { beginFolder } from "../artifact/folder.ts";
import { BASE_FOLDER, DATA_FILES, ENCODER_FILE, MANIFEST_FILE } from "../artifact/version.ts";

/** Returns the folder of the base: the artifact folder itself, as long as nothing was changed in it. */
export function baseFolderOf(dir: string, { base }: Pick<Manifest, "base">): string {
  return base ? join(dir, BASE_FOLDER) : dir;
}

/** Writes an artifact folder as it is to another place. */
export async function copyFolder(from: string, manifest: Manifest, out: string): Promise<void> {
  const folder = await beginFolder(out, [BASE_FOLDER]);
  try {
    for (const name of [...DATA_FILES, MANIFEST_FILE])
      await linkOrCopy(join(from, name), join(folder.path, name));
    if (manifest.base) await keepBase(join(from, BASE_FOLDER), folder.path);
    else if ((await readdir(from)).includes(ENCODER_FILE))
      await linkOrCopy(join(from, ENCODER_FILE), join(folder.path, ENCODER_FILE));
    await folder.commit();
  } catch (error) {
    await folder.discard();
    throw error;
  }
}

/** Puts the base's files, which never change, into a folder in the making: by links where the disk has them. */
export async function keepBase(from: string, path: string): Promise<void> {
  await mkdir(join(path, BASE_FOLDER));
  const names = await readdir(from);
  for (const name of [...DATA_FILES, MANIFEST_FILE, ENCODER_FILE]) {
    if (names.includes(name)) await linkOrCopy(join(from, name), join(path, BASE_FOLDER, name));
  }
  // Whoever opens or publishes the folder finds the encoder where it always lies.
  if (names.includes(ENCODER_FILE)) await linkOrCopy(join(from, ENCODER_FILE), join(path, ENCODER_FILE));
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to);
  }
}
