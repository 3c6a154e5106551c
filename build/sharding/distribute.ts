import { join } from "node:path";
import { shardFolder } from "../../worker/core/format/keys.ts";
import type { ManifestFile } from "../../worker/core/format/meta.ts";
import { readDocuments, writeDocuments } from "../artifact/documents.ts";
import type { FolderWriter } from "../artifact/folder.ts";
import { createSpool, type Spool } from "./spool.ts";

/** The whole index's numbers of each shard's items, ascending. */
export function itemsOfShards(owners: Uint16Array, shards: number): Uint32Array[] {
  const sizes = new Uint32Array(shards);
  for (const owner of owners) sizes[owner]!++;
  const lists = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (let item = 0; item < owners.length; item++) {
    const owner = owners[item]!;
    lists[owner]![sizes[owner]!++] = item;
  }
  return lists;
}

/** Memory for the shards' files together while they are written. */
const BUFFER_BYTES = 64 << 20;

/**
 * Writes each shard's `documents.jsonl`, its items numbered from 0, in one pass over that of the whole.
 *
 * @param only the one shard wanted: its file goes where an ordinary artifact's does
 */
export async function distributeDocuments(
  folder: FolderWriter,
  path: string,
  owners: Uint16Array,
  shards: number,
  only: number | undefined,
): Promise<(ManifestFile | undefined)[]> {
  const writers = await Promise.all(
    Array.from({ length: shards }, async (_, shard) => {
      if (only !== undefined && shard !== only) return undefined;
      const place = only === undefined ? `${shardFolder(shard)}/documents.jsonl` : "documents.jsonl";
      const buffer = Math.min(1 << 20, Math.ceil(BUFFER_BYTES / shards));
      const writer = writeDocuments(await folder.createFile(place), buffer);
      return { writer, next: 0 };
    }),
  );
  for await (const document of readDocuments(path)) {
    const part = writers[owners[document.item]!];
    if (part) await part.writer.add({ ...document, item: part.next++ });
  }
  return Promise.all(writers.map(async (part) => part?.writer.close()));
}

/** The same for the vectors, into files of rows. */
export function distributeRows(
  spool: Spool,
  owners: Uint16Array,
  shards: number,
  only: number | undefined,
  folder: string,
): (Spool | undefined)[] {
  const parts = Array.from({ length: shards }, (_, shard) =>
    only === undefined || shard === only
      ? createSpool(
          join(folder, `${shard}.f32`),
          spool.dimensions,
          Math.min(1 << 22, Math.ceil(BUFFER_BYTES / shards)),
        )
      : undefined,
  );
  for (const { first, rows } of spool.blocks()) {
    for (let at = 0, row = first; at < rows.length; at += spool.dimensions, row++) {
      parts[owners[row]!]?.next().set(rows.subarray(at, at + spool.dimensions));
    }
  }
  return parts;
}
