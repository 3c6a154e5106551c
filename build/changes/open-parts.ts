import { join } from "node:path";
import { shardFolder } from "../../worker/core/format/keys.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { checkFiles } from "../artifact/check-files.ts";
import { readManifest } from "../artifact/folder.ts";
import { openLocalIndex, openShardOf } from "../local/local-index.ts";
import type { LocalIndex } from "../local/types.ts";
import { baseFolderOf } from "./base-folder.ts";
import type { ComparedPart } from "./documents.ts";

/** An artifact folder that is opened for changes: the index or its router, and the parts that hold its documents. */
export interface OpenedIndex {
  readonly index: LocalIndex;
  readonly baseDir: string;
  /** The shards, or the index itself. */
  readonly parts: readonly ComparedPart[];
  close(): Promise<unknown>;
}

export const NO_EMBEDDER = { embedder: () => undefined };

/** Opens an artifact folder and all of its parts. */
export async function openParts(dir: string, manifest: Manifest): Promise<OpenedIndex> {
  const index = await openLocalIndex(dir, NO_EMBEDDER);
  const baseDir = baseFolderOf(dir, manifest);
  const list = manifest.shards?.list;
  if (!list) {
    return { index, baseDir, parts: [{ index, baseDir, firstItem: 0 }], close: index.close };
  }
  const parts: ComparedPart[] = [];
  const close = () => Promise.all([index.close(), ...parts.map((part) => part.index.close())]);
  try {
    for (const [shard, { firstItem }] of list.entries()) {
      const own = await openShardOf(dir, shard, manifest, index.artifact);
      parts.push({ index: own, baseDir: join(baseDir, shardFolder(shard)), firstItem });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { index, baseDir, parts, close };
}

/** Compares all files of an artifact folder with their manifests. @throws AnnoyEdgeError `ARTIFACT_CHANGED`, `NOT_AN_ARTIFACT` */
export async function checkAllFiles(dir: string, manifest: Manifest): Promise<void> {
  await checkFiles(dir, manifest);
  for (const [shard, { changes }] of manifest.shards?.list.entries() ?? []) {
    if (manifest.base && !changes) continue;
    const folder = join(dir, shardFolder(shard));
    await checkFiles(folder, await readManifest(folder));
  }
  if (!manifest.base) return;
  const baseDir = baseFolderOf(dir, manifest);
  await checkAllFiles(baseDir, await readManifest(baseDir));
}
