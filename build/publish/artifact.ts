import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  HEADER_BYTES,
  MAX_SECTIONS,
  SECTION_ENTRY_BYTES,
  SECTIONS,
} from "../../worker/core/format/constants.ts";
import { type ArtifactHeader, decodeHeader } from "../../worker/core/format/header.ts";
import { assertIndexName, shardFolder } from "../../worker/core/format/keys.ts";
import type { ArtifactMeta, BaseMeta, Manifest, ShardMeta } from "../../worker/core/format/meta.ts";
import { changed, checkFiles } from "../artifact/check-files.ts";
import { readRange } from "../artifact/file-bytes.ts";
import { readManifest } from "../artifact/folder.ts";
import { BASE_FOLDER, ENCODER_FILE } from "../artifact/version.ts";
import { openEncoderFile } from "../embedding/sentence/folder.ts";
import { partsOf } from "./published-manifest.ts";

/** An artifact with files of its own: the whole index, or of a sharded one the router or a shard. */
export interface ArtifactPart {
  /** Number of the shard; undefined: the index or its router. */
  readonly shard: number | undefined;
  readonly manifest: Manifest;
  readonly header: ArtifactHeader;
  readonly forestPath: string;
  readonly documentsPath: string;
  /** Items in the forest's storage order. */
  readonly order: Uint32Array;
}

/** The base of changes, a version of its own. */
export interface ChangedBase {
  readonly folder: ArtifactFolder;
  /** Items of it that are gone, by the shard that has them. */
  readonly removed: ReadonlyMap<number | undefined, ReadonlySet<number>>;
}

/** An artifact folder that has been checked against its manifests. */
export interface ArtifactFolder {
  /** The encoder of queries; undefined for an index that has none of its own. */
  readonly encoder: { readonly path: string; readonly bytes: number; readonly hash: string } | undefined;
  /** Manifest of the whole index. */
  readonly manifest: Manifest;
  /** The version that this one changes. */
  readonly base?: ChangedBase;
  /** In the order in which they are uploaded: shards first, and what makes the version whole last. */
  readonly parts: readonly ArtifactPart[];
}

/**
 * Opens an artifact folder and holds its files, and those of its shards, against their manifests' lengths and hashes, so
 * that nothing damaged or half-written is ever uploaded.
 *
 * @throws AnnoyEdgeError `NOT_AN_ARTIFACT`, `ARTIFACT_CHANGED`, `INVALID_NAME`, or an ArtifactError
 */
export async function openArtifactFolder(
  dir: string,
  onProgress?: (done: number, total: number) => void,
): Promise<ArtifactFolder> {
  const manifest = await readManifest(dir);
  assertIndexName(manifest.name);
  const folders: { shard: number | undefined; path: string; manifest: Manifest }[] = [];
  for (const ref of partsOf(manifest)) {
    if (!ref) {
      folders.push({ shard: undefined, path: dir, manifest });
      continue;
    }
    const path = join(dir, shardFolder(ref.number));
    const own = await readManifest(path);
    if (own.version !== ref.version) throw changed(path, `holds version ${own.version}, not ${ref.version}`);
    folders.push({ shard: ref.number, path, manifest: own });
  }

  const total = folders.reduce((sum, { manifest: { files } }) => sum + bytesOf(files), 0);
  let done = 0;
  const parts: ArtifactPart[] = [];
  for (const folder of folders) {
    const start = done;
    await checkFiles(folder.path, folder.manifest, (bytes) => onProgress?.(start + bytes, total));
    done += bytesOf(folder.manifest.files);
    const forestPath = join(folder.path, "forest.bin");
    const { header, order, meta } = await readForestHead(forestPath);
    // The manifest is only shown; the version's hash covers what the forest says.
    if (!sameShards(meta.shards?.list ?? [], folder.manifest.shards?.list ?? [])) {
      throw changed(forestPath, "names other shards than");
    }
    const documentsPath = join(folder.path, "documents.jsonl");
    parts.push({
      shard: folder.shard,
      manifest: folder.manifest,
      header,
      forestPath,
      documentsPath,
      order,
    });
  }
  const encoder = await checkEncoder(dir, manifest);
  const base = manifest.base && (await openBase(dir, manifest.base, parts));
  return { manifest, parts, encoder, ...(base && { base }) };
}

async function openBase(
  dir: string,
  { version, removed }: BaseMeta,
  parts: readonly ArtifactPart[],
): Promise<ChangedBase> {
  const path = join(dir, BASE_FOLDER);
  const folder = await openArtifactFolder(path);
  if (folder.manifest.version !== version) {
    throw changed(path, `holds version ${folder.manifest.version}, not ${version}`);
  }
  const gone = new Map<number | undefined, ReadonlySet<number>>();
  for (const { shard, forestPath, manifest } of parts) {
    const expected = folder.parts.find((part) => part.shard === shard)?.manifest.version;
    if (manifest.base?.version !== expected)
      throw changed(forestPath, `is on top of ${manifest.base?.version}, not ${expected}`);
    gone.set(shard, new Set(await readRemoved(forestPath)));
  }
  const count = [...gone.values()].reduce((sum, { size }) => sum + size, 0);
  if (count !== removed) throw changed(dir, `removes ${count} items, not ${removed}`);
  return { folder, removed: gone };
}

/** Opens the encoder that the manifest names, as the Worker will. */
async function checkEncoder(dir: string, { embedder }: Manifest): Promise<ArtifactFolder["encoder"]> {
  if (embedder?.provider !== "encoder") return undefined;
  const { identity } = await openEncoderFile(dir, embedder);
  const path = join(dir, ENCODER_FILE);
  return { path, bytes: (await stat(path)).size, hash: identity.contentHash! };
}

function bytesOf(files: Manifest["files"]): number {
  return files["forest.bin"].bytes + files["documents.jsonl"].bytes;
}

function sameShards(a: readonly ShardMeta[], b: readonly ShardMeta[]): boolean {
  const isSame = ({ version, changes }: ShardMeta, other: ShardMeta) =>
    version === other.version && changes?.version === other.changes?.version;
  return a.length === b.length && a.every((shard, i) => isSame(shard, b[i]!));
}

async function readRemoved(path: string): Promise<Uint32Array> {
  const file = await open(path, "r");
  try {
    const { sections } = decodeHeader(
      await readRange(file, 0, HEADER_BYTES + MAX_SECTIONS * SECTION_ENTRY_BYTES),
    );
    const section = sections.find(({ kind }) => kind === SECTIONS.removedItems);
    if (!section) throw changed(path, "lists no removed items");
    const bytes = await readRange(file, section.offset, section.length);
    return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
  } finally {
    await file.close();
  }
}

async function readForestHead(
  path: string,
): Promise<{ header: ArtifactHeader; order: Uint32Array; meta: Pick<ArtifactMeta, "shards"> }> {
  const file = await open(path, "r");
  try {
    const head = await readRange(file, 0, HEADER_BYTES + MAX_SECTIONS * SECTION_ENTRY_BYTES);
    const { header, sections } = decodeHeader(head);
    const read = async (kind: number) => {
      const section = sections.find((entry) => entry.kind === kind);
      const bytes = section ? await readRange(file, section.offset, section.length) : Buffer.alloc(0);
      if (bytes.byteLength !== (section?.length ?? 0))
        throw changed(path, "became shorter while it was read");
      return bytes;
    };
    const order = await read(SECTIONS.slotItems);
    const meta = await read(SECTIONS.meta);
    return {
      header,
      order: new Uint32Array(order.buffer, order.byteOffset, order.byteLength >>> 2),
      // The file matches its hash, so this is what its writer wrote.
      meta: JSON.parse(new TextDecoder().decode(meta)) as ArtifactMeta,
    };
  } finally {
    await file.close();
  }
}
