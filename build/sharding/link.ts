import { existsSync } from "node:fs";
import { copyFile, link, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openArtifact, sectionName } from "../../worker/core/format/artifact.ts";
import type { SectionName } from "../../worker/core/format/constants.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import type { FolderWriter } from "../artifact/folder.ts";
import { layOutArtifact } from "../artifact/layout.ts";
import { MANIFEST_FILE, versionOf } from "../artifact/version.ts";
import { readWhole } from "../local/local-index.ts";
import { bytesOf } from "../numeric/arrays.ts";

/** Sections that the router has for all shards. */
const SHARED: readonly string[] = ["embeddingTable", "whitening"] satisfies SectionName[];

/**
 * Puts an artifact's files into a folder as a shard: linked where the file system can, copied otherwise, and `forest.bin`
 * written anew where it carries an embedder's table, which moves to the router. A reader knows a shard without a table by
 * section `shardItems`, so that is written too: the numbers from `firstItem` on.
 */
export async function adoptShard(
  folder: Pick<FolderWriter, "path" | "createFile">,
  dir: string,
  manifest: Manifest,
  firstItem: number,
): Promise<{ readonly manifest: Manifest; readonly numbered: boolean }> {
  const artifact = openArtifact(await readWhole(join(dir, "forest.bin")));
  const sections = artifact.sections.map(({ kind, hot, critical, offset, length }) => ({
    // A kind that this version does not know keeps its place in the file that is linked, and is dropped from a new one.
    name: sectionName(kind) as SectionName,
    hot,
    critical,
    bytes: artifact.bytes.subarray(offset, offset + length),
  }));
  if (!sections.some(({ name }) => SHARED.includes(name))) {
    for (const name of ["forest.bin", "documents.jsonl", MANIFEST_FILE]) await adopt(dir, folder.path, name);
    return { manifest, numbered: sections.some(({ name }) => name === "shardItems") };
  }
  const kept = sections.filter(({ name }) => !SHARED.includes(name) && !/^\d+$/.test(name));
  if (!kept.some(({ name }) => name === "shardItems")) {
    const numbers = Uint32Array.from({ length: artifact.header.nItems }, (_, item) => firstItem + item);
    kept.push({ name: "shardItems", hot: true, critical: false, bytes: bytesOf(numbers) });
  }
  const { pieces, hotBytes } = layOutArtifact(artifact.header, kept);
  const file = await folder.createFile("forest.bin");
  for (const piece of pieces) await file.write(piece);
  const files = { ...manifest.files, "forest.bin": await file.close() };
  const adopted: Manifest = { ...manifest, version: versionOf(files), hotBytes, files };
  await adopt(dir, folder.path, "documents.jsonl");
  await writeFile(join(folder.path, MANIFEST_FILE), `${JSON.stringify(adopted, null, 2)}\n`, { flag: "wx" });
  return { manifest: adopted, numbered: true };
}

async function adopt(from: string, to: string, name: string): Promise<void> {
  const [source, target] = [join(from, name), join(to, name)];
  if (!existsSync(source)) {
    throw new AnnoyEdgeError("NOT_AN_ARTIFACT", `${source} is not there. Build the artifact anew.`);
  }
  // Another file system, or one without links.
  await link(source, target).catch(() => copyFile(source, target));
}
