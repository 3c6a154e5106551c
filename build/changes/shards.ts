import { hash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { shardFolder } from "../../worker/core/format/keys.ts";
import type { BaseMeta, Manifest, ShardMeta, ShardsMeta } from "../../worker/core/format/meta.ts";
import { openWordTotals, type WordTotals } from "../../worker/core/keyword/totals.ts";
import { type FolderWriter, readManifest, subfolder } from "../artifact/folder.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { openOnTop } from "../local/local-index.ts";
import type { LocalIndex } from "../local/types.ts";
import type { Progress } from "../settings/progress.ts";
import { writeRouter } from "../sharding/router.ts";
import { keepBase } from "./base-folder.ts";
import type { ChangeSet } from "./documents.ts";
import { measureDrift } from "./measure.ts";
import { certifyShards } from "./measure-shards.ts";
import { openParts } from "./open-parts.ts";
import { type ShardWords, sharesTotals, wordTotals } from "./word-totals.ts";
import { writeChanges } from "./write.ts";

export interface ShardedChanges {
  /** The folder of the base. */
  readonly baseDir: string;
  readonly set: ChangeSet;
  /** Vectors of the documents, row by row. */
  readonly vectors: Float32Array<SharedArrayBuffer>;
  readonly jobs: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Changes of one shard. */
interface ShardChange extends ShardWords {
  /** Rows of its documents among those of all. */
  readonly rows: readonly number[];
  readonly firstItem: number;
}

/**
 * Writes the changes of an index in shards into a folder: those of each shard that has some, and what tells the router of
 * the base about them. The base comes to lie beside them.
 */
export async function writeShardedChanges(folder: FolderWriter, changes: ShardedChanges): Promise<Manifest> {
  const { baseDir, set } = changes;
  const manifest = await readManifest(baseDir);
  const opened = await openParts(baseDir, manifest);
  try {
    const bases = opened.parts.map(({ index }) => index);
    const owners = ownersOf(opened.index, changes);
    const shards = opened.parts.map(({ index, ...part }, shard): ShardChange => {
      const rows = [...owners.keys()].filter((row) => owners[row] === shard);
      const documents = rows.map((row) => set.documents[row]!);
      return { base: index, ...part, rows, documents, removed: set.removed[shard]! };
    });
    const { keyword } = manifest;
    const words: SectionSource[] = keyword && sharesTotals(bases) ? [await wordTotals(shards, keyword)] : [];
    const totals = words[0] && openWordTotals(words[0].bytes);
    const nItems = bases.reduce((sum, { forest }) => sum + forest.nItems, 0);
    const context: Context = { ...changes, manifest, bases, nItems, totals };
    const list: ShardMeta[] = [];
    for (const [shard, change] of shards.entries())
      list.push(await writeShard(folder, shard, change, context));
    await keepBase(baseDir, folder.path);
    return await writeChangedRouter(folder, opened.index, { ...context, list, words });
  } finally {
    await opened.close();
  }
}

interface Context extends ShardedChanges {
  /** Manifest of the base. */
  readonly manifest: Manifest;
  readonly bases: readonly LocalIndex[];
  /** Item numbers of the base. */
  readonly nItems: number;
  readonly totals: WordTotals | undefined;
}

/**
 * The shard of each document: the owner of the centroid that is nearest to its vector, as a search by that vector is routed;
 * under a random partition as its id has it.
 */
function ownersOf({ shards, forest }: LocalIndex, { set, vectors }: ShardedChanges): number[] {
  const { meta, owners } = shards!;
  const { dimensions } = forest;
  return set.documents.map(({ id }, row) => {
    if (meta.partition === "random") return hash("sha256", id, "buffer").readUInt32LE(0) % meta.list.length;
    const vector = vectors.subarray(row * dimensions, (row + 1) * dimensions);
    const [nearest = 0] = forest.search(vector, { k: 1 }).items;
    return owners[nearest] ?? 0;
  });
}

/** Writes the changes of a shard, where it has some, and returns its line of the router's list. */
async function writeShard(
  folder: FolderWriter,
  shard: number,
  { base, baseDir, documents, removed, rows, firstItem }: ShardChange,
  context: Context,
): Promise<ShardMeta> {
  const { manifest, bases, vectors, totals, nItems, jobs, onProgress } = context;
  const before = manifest.shards!.list[shard]!;
  if (documents.length + removed.length === 0) return before;
  const { dimensions } = manifest;
  const own = new Float32Array(new SharedArrayBuffer(rows.length * dimensions * 4));
  for (const [i, row] of rows.entries())
    own.set(vectors.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  const place = subfolder(folder, shardFolder(shard));
  await mkdir(place.path, { recursive: true });
  const { version, hotBytes } = await writeChanges(place, {
    ...{ base, baseDir, documents, removed, vectors: own, jobs, onProgress },
    shard: {
      items: Uint32Array.from(rows, (row) => nItems + row - firstItem),
      columns: manifest.columns ?? [],
      isDays: (field) => bases.some(({ columns }) => columns?.byField.get(field)?.days === true),
      totals,
    },
  });
  const added = documents.length;
  return {
    ...before,
    items: before.items + added - removed.length,
    changes: { version, hotBytes, added, removed: removed.length },
  };
}

/** Writes what a router needs beside that of the base: the list of its shards, and the words' frequencies. */
async function writeChangedRouter(
  folder: FolderWriter,
  router: LocalIndex,
  context: Context & { readonly list: readonly ShardMeta[]; readonly words: readonly SectionSource[] },
): Promise<Manifest> {
  const { manifest, bases, nItems, set, list, words, totals, onProgress } = context;
  const { name, metric, dimensions, embedder, forest, keyword, columns, fusion, source, items } = manifest;
  const shards: ShardsMeta = { ...manifest.shards!, list };
  const removed = set.removed.reduce((sum, own) => sum + own.length, 0);
  const base: BaseMeta = {
    version: manifest.version,
    nItems,
    items,
    added: set.documents.length,
    removed,
    drift: { changed: 0 },
  };
  const opened: LocalIndex[] = [];
  try {
    for (const [shard, { changes }] of list.entries())
      opened.push(
        changes ? await openOnTop(bases[shard]!, join(folder.path, shardFolder(shard))) : bases[shard]!,
      );
    const changed = opened.flatMap(({ changes }) => changes ?? []);
    const certified = await certifyShards(
      { router: router.forest, set: { ...router.shards!, meta: shards }, shards: opened },
      manifest.certified,
      onProgress,
    );
    return await writeRouter(folder, {
      ...{ name, metric, dimensions, seed: forest.seed, centroids: [], certified, embedder, shards },
      sections: [{ name: "removedItems", hot: true, critical: true, bytes: new Uint8Array(0) }, ...words],
      meta: {
        ...(keyword && { keyword: totals ? { ...keyword, ...lengthsOf(totals) } : keyword }),
        ...(columns && { columns }),
        ...(fusion && { fusion }),
        base: { ...base, drift: measureDrift(changed, bases, items) },
      },
      source: source ?? {},
    });
  } finally {
    for (const one of opened) await one.close();
  }
}

function lengthsOf({ documents, averageLength }: WordTotals) {
  return { documents, averageLength };
}
