import { createHash, hash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readManifest } from "../../build/artifact/folder.ts";
import { encodeArtifact, type HeaderFields, type SectionSource } from "../../build/artifact/layout.ts";
import { versionOf } from "../../build/artifact/version.ts";
import { vectorSections } from "../../build/forest/vector-sections.ts";
import { bytesOf } from "../../build/numeric/arrays.ts";
import { type BuildOptions, build } from "../../build/pipeline/build.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import { type Artifact, openArtifact, sectionName } from "../../worker/core/format/artifact.ts";
import type { SectionName } from "../../worker/core/format/constants.ts";
import { encodeIds } from "../../worker/core/format/ids.ts";
import { shardFolder } from "../../worker/core/format/keys.ts";
import type { ArtifactMeta, Manifest, ShardsMeta } from "../../worker/core/format/meta.ts";
import type { SeedDocument } from "../seed/corpus.ts";

/** Joins ordinary artifacts as the shards of one index, for tests. */
export interface ShardedFolderOptions {
  /** Ordinary artifact folders of one metric and dimension; they are copied. */
  readonly shards: readonly string[];
  /** The whole index's number of each item, ascending, one list a shard; one shard behind the other when left out. */
  readonly items?: readonly Uint32Array[];
  /** Centroids of each shard, row by row; the mean of its vectors when left out. */
  readonly centroids?: readonly Float32Array[];
  readonly partition?: ShardsMeta["partition"];
  /** Default: all centroids. */
  readonly probes?: number;
  readonly effort?: number;
  readonly name?: string;
  /** Certified recall of the whole; the least of the shards' when left out. */
  readonly recall?: number;
}

/** Sections that the router has for all shards. */
const SHARED: readonly string[] = ["embeddingTable", "whitening"];

/**
 * Writes a sharded artifact folder from ordinary ones by hand: a router whose forest is flat, and the shards without the
 * embedder's table, which moves to the router.
 */
export async function writeShardedFolder(out: string, options: ShardedFolderOptions): Promise<Manifest> {
  await mkdir(out, { recursive: true });
  const list: ShardsMeta["list"][number][] = [];
  const centroids: Float32Array[] = [];
  const metas: ArtifactMeta[] = [];
  let shared: SectionSource[] = [];
  let firstItem = 0;
  for (const [i, dir] of options.shards.entries()) {
    const artifact = openArtifact(new Uint8Array(await readFile(join(dir, "forest.bin"))));
    const sections = sectionsOf(artifact);
    if (i === 0) shared = sections.filter(({ name }) => SHARED.includes(name));
    const items = options.items?.[i];
    const bytes = encodeArtifact(artifact.header, [
      ...sections.filter(({ name }) => !SHARED.includes(name)),
      ...(items ? [{ name: "shardItems", hot: true, bytes: bytesOf(items) } as const] : []),
    ]);
    const documents = await readFile(join(dir, "documents.jsonl"));
    const whole = await readManifest(dir);
    const manifest = await writeFiles(join(out, shardFolder(i)), whole, bytes, documents);
    const { version, hotBytes } = manifest;
    const { nItems } = artifact.header;
    list.push({ version, items: whole.items, firstItem: items ? 0 : firstItem, hotBytes });
    firstItem += nItems;
    centroids.push(options.centroids?.[i] ?? meanOf(artifact));
    metas.push(artifact.meta);
  }
  const first = metas[0]!;
  const { dimensions, metric } = first;
  const owners = centroids.flatMap((rows, shard) => new Array<number>(rows.length / dimensions).fill(shard));
  const recall = options.recall ?? Math.min(...metas.map(({ certified }) => certified.recallAt10));
  const probes = options.probes ?? owners.length;
  const recalls = { recallAt1: recall, recallAt10: recall, recallAt100: recall };
  const meta: ArtifactMeta = {
    ...first,
    ...(options.name !== undefined && { name: options.name }),
    items: list.reduce((sum, { items }) => sum + items, 0),
    codec: "float32",
    rescore: "none",
    forest: { kind: "flat", trees: 0, splitNodes: 0, leafNodes: 0, leafSize: 0, seed: 1 },
    certified: { ...first.certified, ...recalls },
    shards: {
      partition: options.partition ?? "clusters",
      probes,
      effort: options.effort ?? 1,
      expectedSearchK: metas.reduce((sum, { certified }) => sum + certified.defaultSearchK, 0),
      rows: [{ probes, shards: list.length, ...recalls }],
      list,
    },
  };
  const fields: HeaderFields = {
    metric,
    dimensions,
    codec: "float32",
    rescore: "none",
    forestKind: "flat",
    nItems: owners.length,
    nSlots: owners.length,
    nTrees: 0,
    defaultSearchK: owners.length,
    seed: 1,
    leafSize: 0,
    certifiedRecall: recall,
  };
  const rows = Float32Array.from(centroids.flatMap((of) => [...of]));
  const { ids, idOrder } = encodeIds(owners.map(() => undefined));
  const bytes = encodeArtifact(fields, [
    { name: "meta", hot: true, bytes: Buffer.from(JSON.stringify(meta)) },
    { name: "ids", hot: true, bytes: ids },
    { name: "idOrder", hot: true, bytes: idOrder },
    ...vectorSections({
      metric,
      codec: "float32",
      rescore: "none",
      vectors: rows,
      dimensions,
      order: Uint32Array.from(owners.keys()),
    }),
    { name: "shardOwners", hot: true, critical: true, bytes: bytesOf(Uint16Array.from(owners)) },
    ...shared,
  ]);
  return writeFiles(out, meta, bytes, new Uint8Array(0));
}

/**
 * Builds documents as a sharded index: `shardOf` says where each goes, the items keep their numbers. For documents with
 * vectors of their own, or an embedder that the corpus does not change.
 */
export async function buildShardedFolder(
  out: string,
  documents: readonly SeedDocument[],
  shardOf: (item: number) => number,
  options: Omit<BuildOptions, "out" | "source" | "documents">,
  sharding: Omit<ShardedFolderOptions, "shards" | "items"> = {},
): Promise<Manifest> {
  const items: number[][] = [];
  for (const item of documents.keys()) {
    const shard = shardOf(item);
    while (items.length <= shard) items.push([]);
    items[shard]!.push(item);
  }
  const shards: string[] = [];
  for (const [i, numbers] of items.entries()) {
    const folder = `${out}-shard-${i}`;
    await build({ ...options, documents: numbers.map((item) => documents[item]!), out: folder });
    shards.push(folder);
  }
  return writeShardedFolder(out, { ...sharding, shards, items: items.map((list) => Uint32Array.from(list)) });
}

function sectionsOf({ sections, bytes }: Artifact): SectionSource[] {
  return sections.map(({ kind, hot, critical, offset, length }) => ({
    // The file was written by this version, so every kind has its name.
    name: sectionName(kind) as SectionName,
    hot,
    critical,
    bytes: bytes.subarray(offset, offset + length),
  }));
}

function meanOf(artifact: Artifact): Float32Array {
  const forest = openForest(artifact);
  const mean = new Float32Array(forest.dimensions);
  let count = 0;
  for (let item = 0; item < forest.nItems; item++) {
    const vector = forest.vector(item);
    if (!vector) continue;
    count++;
    for (let i = 0; i < mean.length; i++) mean[i]! += vector[i]!;
  }
  return mean.map((x) => x / Math.max(1, count));
}

async function writeFiles(
  dir: string,
  meta: ArtifactMeta,
  forest: Uint8Array,
  documents: Uint8Array,
): Promise<Manifest> {
  await mkdir(dir, { recursive: true });
  const files = {
    "forest.bin": { bytes: forest.byteLength, sha256: hash("sha256", forest) },
    "documents.jsonl": {
      bytes: documents.byteLength,
      sha256: createHash("sha256").update(documents).digest("hex"),
    },
  };
  const manifest: Manifest = {
    ...meta,
    format: "annoy-edge",
    formatVersion: "1.0",
    version: versionOf(files),
    hotBytes: openArtifact(forest).header.hotBytes,
    files,
  };
  await writeFile(join(dir, "forest.bin"), forest);
  await writeFile(join(dir, "documents.jsonl"), documents);
  await writeFile(join(dir, "manifest.json"), JSON.stringify(manifest));
  return manifest;
}
