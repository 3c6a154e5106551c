import { createHash, hash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { InputDocument } from "../../build/artifact/collect.ts";
import { encodeArtifact } from "../../build/artifact/layout.ts";
import { versionOf } from "../../build/artifact/version.ts";
import { encodeIds } from "../../worker/core/format/ids.ts";
import type { ArtifactMeta, Manifest, StoredDocument } from "../../worker/core/format/meta.ts";
import { writeShardedFolder } from "../support/sharded-folder.ts";

/** An artifact folder for tests of publishing: real files and real hashes, a forest that nobody searches. */
export interface FolderOptions {
  readonly name?: string;
  /** Documents by item; undefined for holes. */
  readonly documents: readonly (StoredDocument | undefined)[];
  /** Bytes of the vectors section, which is hot. */
  readonly vectorBytes?: number;
  /** Changes the vectors and so the version. */
  readonly seed?: number;
  readonly recall?: number;
  readonly target?: number;
  /** Items in storage order; ascending when left out. */
  readonly order?: Uint32Array;
}

export async function writeFolder(dir: string, options: FolderOptions): Promise<Manifest> {
  const { documents, name = "test", recall = 0.97, target = 0.95 } = options;
  await mkdir(dir, { recursive: true });
  const items = documents.filter((document) => document !== undefined).length;
  const meta: ArtifactMeta = {
    name,
    metric: "angular",
    dimensions: 4,
    items,
    codec: "int8",
    rescore: "none",
    forest: { kind: "flat", trees: 0, splitNodes: 0, leafNodes: 0, leafSize: 0, seed: 1 },
    embedder: null,
    certified: {
      target,
      queries: 100,
      heldOut: true,
      rows: [],
      defaultSearchK: 100,
      recallAt1: recall,
      recallAt10: recall,
      recallAt100: recall,
    },
  };
  const order = options.order ?? Uint32Array.from(documents.keys());
  const { ids, idOrder } = encodeIds(documents.map((document) => document?.id));
  const forest = encodeArtifact(
    {
      metric: "angular",
      codec: "int8",
      forestKind: "flat",
      rescore: "none",
      dimensions: 4,
      nItems: documents.length,
      nSlots: items,
      nTrees: 0,
      defaultSearchK: 100,
      seed: 1,
      leafSize: 0,
      certifiedRecall: recall,
    },
    [
      { name: "meta", hot: true, bytes: Buffer.from(JSON.stringify(meta)) },
      { name: "ids", hot: true, bytes: ids },
      { name: "idOrder", hot: true, bytes: idOrder },
      { name: "slotItems", hot: true, bytes: new Uint8Array(order.buffer) },
      { name: "vectors", hot: true, bytes: noise(options.vectorBytes ?? 4096, options.seed ?? 1) },
      { name: "rescoreVectors", hot: false, bytes: noise(512, options.seed ?? 1) },
    ],
  );
  const lines = documents.flatMap((document, item) =>
    document ? [`${JSON.stringify({ item, ...document })}\n`] : [],
  );
  const hashed = createHash("sha256");
  for (const line of lines) hashed.update(line);
  const text = lines.join("");
  const files = {
    "forest.bin": { bytes: forest.byteLength, sha256: hash("sha256", forest) },
    "documents.jsonl": { bytes: Buffer.byteLength(text), sha256: hashed.digest("hex") },
  };
  const manifest: Manifest = {
    format: "annoy-edge",
    formatVersion: "1.0",
    version: versionOf(files),
    ...meta,
    hotBytes: forest.byteLength - 512,
    files,
  };
  await writeFile(join(dir, "forest.bin"), forest);
  await writeFile(join(dir, "documents.jsonl"), text);
  await writeFile(join(dir, "manifest.json"), JSON.stringify(manifest));
  return manifest;
}

export interface ShardedOptions extends Omit<FolderOptions, "order"> {
  readonly shards: number;
  /** Shard of each item; default: in turn. */
  readonly shardOf?: (item: number) => number;
}

/** As {@link writeFolder}, cut into shards that know their items by the whole index's numbers. */
export async function writeSharded(dir: string, options: ShardedOptions): Promise<Manifest> {
  const { documents, shards, shardOf = (item) => item % shards, ...rest } = options;
  const folders: string[] = [];
  const items: Uint32Array[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const own = Uint32Array.from(documents.keys()).filter((item) => shardOf(item) === shard);
    const folder = `${dir}-shard-${shard}`;
    await writeFolder(folder, {
      ...rest,
      documents: [...own].map((item) => documents[item]),
      seed: (options.seed ?? 1) + shard,
    });
    folders.push(folder);
    items.push(own);
  }
  const centroids = folders.map((_, shard) => Float32Array.of(shard, 1, 0, 0));
  return writeShardedFolder(dir, { shards: folders, items, centroids });
}

/** Reproducible bytes that do not compress. */
function noise(bytes: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  let state = seed >>> 0 || 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state >>> 0;
  }
  return new Uint8Array(words.buffer, 0, bytes);
}

/** `count` documents of about `bytes` bytes; `edition` changes those that `changed` picks. */
export function corpus(
  count: number,
  bytes = 200,
  changed: (item: number) => boolean = () => false,
  edition = 1,
): StoredDocument[] {
  return Array.from({ length: count }, (_, item) => {
    const stem = `document ${item} edition ${changed(item) ? edition : 0} `;
    return {
      id: `doc-${item}`,
      pageContent: stem + "x".repeat(Math.max(0, bytes - stem.length)),
      metadata: { n: item % 7 },
    };
  });
}

/** Documents of an edition, which say it in their text and metadata, with vectors that hardly differ between editions. */
export function documentsOf(edition: number, count: number): readonly InputDocument[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `d${i}`,
    pageContent: `edition ${edition} document ${i}`,
    metadata: { edition },
    vector: Array.from({ length: 8 }, (_, d) => Math.sin((i + 1) * (d + 1.7) + edition / 100)),
  }));
}
