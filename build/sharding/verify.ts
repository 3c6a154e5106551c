import { join } from "node:path";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import { type Artifact, findSection, requireView } from "../../worker/core/format/artifact.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { shardFolder } from "../../worker/core/format/keys.ts";
import type { ArtifactMeta, Manifest, ShardsMeta } from "../../worker/core/format/meta.ts";
import { routeQuery } from "../../worker/core/search/shards/route.ts";
import { openShardSet } from "../../worker/core/search/shards/shard-set.ts";
import type { ShardSet } from "../../worker/core/search/shards/types.ts";
import { readManifest } from "../artifact/folder.ts";
import { createRandom } from "../numeric/random.ts";
import {
  between,
  bruteForce,
  costs,
  liveItems,
  queriesFor,
  type RecallMeasurement,
  summarise,
} from "../recall/verify.ts";
import type { Progress } from "../settings/progress.ts";
import { checkNumbering, type NumberedShard } from "./numbering.ts";
import { openWhole } from "./stored.ts";

type Report = ((progress: Progress) => void) | undefined;

/** One shard's own verification, as `verify` makes it of any folder. */
export type VerifyFolder = (dir: string) => Promise<{
  readonly checks: readonly { readonly ok: boolean; readonly message: string; readonly code?: string }[];
}>;

/**
 * Checks the shards of a folder: each is there, sound in itself and the one that the router names, and all of them
 * together hold every item once.
 *
 * @returns what was found, in a sentence
 * @throws AnnoyEdgeError `SHARD_MISMATCH`, or the code of what a shard's own check found
 */
export async function checkShards(
  dir: string,
  meta: ArtifactMeta,
  verifyFolder: VerifyFolder,
  onProgress: Report,
): Promise<string> {
  const list = meta.shards?.list ?? [];
  const numbered: NumberedShard[] = [];
  let next = 0;
  for (const [i, expected] of list.entries()) {
    onProgress?.({ phase: "shards", done: i, total: list.length });
    const folder = join(dir, shardFolder(i));
    const failed = (await verifyFolder(folder)).checks.find(({ ok }) => !ok);
    if (failed) throw new AnnoyEdgeError(failed.code ?? "NOT_SOUND", `Shard ${i}: ${failed.message}`);
    const { artifact, manifest } = await openChecked(folder);
    requireSame(i, { ...manifest, firstItem: expected.firstItem }, expected);
    for (const key of ["metric", "dimensions", "embedder"] as const) requireAlike(i, key, manifest, meta);
    const { nItems } = artifact.header;
    if (findSection(artifact, "shardItems")) {
      const numbers = requireView(artifact, "shardItems", Uint32Array, nItems).slice();
      numbered.push({ name: `Shard ${i}`, numbers });
      if (expected.firstItem !== 0) throw mismatch(i, `its numbers would be moved by ${expected.firstItem}`);
    } else if (expected.firstItem !== next) {
      throw mismatch(i, `its items begin at ${expected.firstItem} instead of ${next}`);
    }
    next += nItems;
  }
  if (numbered.length > 0 && numbered.length < list.length)
    throw new AnnoyEdgeError(
      "SHARD_MISMATCH",
      "Some shards know their items' numbers in the whole, and some do not.",
    );
  if (numbered.length > 0) checkNumbering(numbered);
  const items = list.reduce((sum, shard) => sum + shard.items, 0);
  if (items !== meta.items)
    throw new AnnoyEdgeError("CORRUPT_META", `The index counts ${meta.items} items, its shards ${items}.`);
  return `${list.length} shards are sound and hold all ${items} items, each once, with their documents`;
}

async function openChecked(dir: string): Promise<{ artifact: Artifact; manifest: Manifest }> {
  return { artifact: (await openWhole(dir)).artifact, manifest: await readManifest(dir) };
}

function requireSame(
  i: number,
  found: ShardsMeta["list"][number],
  expected: ShardsMeta["list"][number],
): void {
  for (const key of ["version", "items", "hotBytes"] as const) {
    if (found[key] !== expected[key])
      throw mismatch(i, `it has ${key} ${found[key]}; the index was put together with ${expected[key]}`);
  }
}

function requireAlike(
  i: number,
  key: "metric" | "dimensions" | "embedder",
  shard: ArtifactMeta,
  whole: ArtifactMeta,
): void {
  const [one, other] = [JSON.stringify(shard[key]), JSON.stringify(whole[key])];
  if (one !== other) throw mismatch(i, `its ${key} is ${one}; that of the index is ${other}`);
}

function mismatch(i: number, what: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "SHARD_MISMATCH",
    `Shard ${i} is not the one that belongs here: ${what}. Build or assemble it again.`,
  );
}

/** The router as a search sees it. @throws ArtifactError where its shards or owners cannot be */
export function openRouter(artifact: Artifact): ShardSet {
  const unreached = () => {
    throw new Error("A router is checked without its shards.");
  };
  const set = openShardSet(artifact, { shard: unreached });
  if (!set)
    throw new AnnoyEdgeError("CORRUPT_META", "forest.bin names no shards, though manifest.json does.");
  return set;
}

const K = 10;

/** A shard's vectors, and the items that have one. */
export interface SearchedShard {
  readonly forest: Forest;
  readonly items: Uint32Array;
}

/** An index in shards as a search by vector sees it. */
export interface RoutedShards {
  readonly router: Forest;
  readonly set: ShardSet;
  /** Opens a shard, whose vectors are in memory until the next one's are. */
  readonly open: (shard: number) => Promise<SearchedShard>;
}

/** The shards of a folder as they were built. */
export function storedShards(dir: string, artifact: Artifact): RoutedShards {
  return {
    router: openForest(artifact),
    set: openRouter(artifact),
    async open(shard) {
      const { forest } = await openWhole(join(dir, shardFolder(shard)));
      return { forest, items: liveItems(forest) };
    },
  };
}

/**
 * Recall@10 of all shards together, as a search routes and merges them, against brute force over all of them. One shard
 * is in memory at a time. Undefined with fewer than two items.
 */
export async function measureShards(
  shards: RoutedShards,
  onProgress: Report,
): Promise<RecallMeasurement | undefined> {
  const total = shards.set.meta.list.reduce((sum, { items }) => sum + items, 0);
  const k = Math.min(K, total - 1);
  if (k < 1) return undefined;
  const queries = await queriesOfShards(shards, queriesFor(total, shards.router.dimensions));
  const [recalls] = await recallsOf(shards, queries, [k], onProgress);
  return summarise(recalls!, k);
}

/**
 * The recall of each query at each depth.
 *
 * @param depths numbers of neighbours, ascending, at most as many as there are items
 */
export async function recallsOf(
  { router, set, open }: RoutedShards,
  queries: readonly Float32Array[],
  depths: readonly number[],
  onProgress: Report,
): Promise<number[][]> {
  const { list } = set.meta;
  const deepest = depths.at(-1)!;
  const nearest = queries.map(() => [] as number[]);
  const asked = depths.map((k) => ({
    k,
    routes: queries.map((vector) => routeQuery(set, router, { mode: "vector", vector, k, searchK: -1 })),
    found: queries.map(() => [] as { readonly distance: number; readonly cost: number }[]),
  }));
  for (const [s] of list.entries()) {
    onProgress?.({ phase: "recall", done: s, total: list.length });
    const { forest, items: stored } = await open(s);
    const exact = bruteForce(forest, stored, queries, deepest, undefined);
    for (const [q, query] of queries.entries()) {
      nearest[q] = [...nearest[q]!, ...exact[q]!].sort((a, b) => a - b).slice(0, deepest);
      const cost = costs(forest.metric, [query]);
      for (const { k, routes, found } of asked) {
        if (!routes[q]!.near.includes(s)) continue;
        const searchK = Math.ceil(forest.defaultSearchK(k) * routes[q]!.effort);
        const { items, distances } = forest.search(query, { k, searchK });
        for (const [i, item] of items.entries())
          found[q]!.push({ distance: distances[i]!, cost: cost(forest.vector(item)!)[0]! });
      }
    }
  }
  const sign = router.metric === "dot" ? -1 : 1;
  return asked.map(({ k, found }) =>
    queries.map((_, q) => {
      const best = found[q]!.sort((a, b) => sign * (a.distance - b.distance)).slice(0, k);
      const worst = nearest[q]![k - 1]!;
      const limit = worst + Math.abs(worst) * 1e-5 + 1e-9;
      return best.filter(({ cost }) => cost <= limit).length / k;
    }),
  );
}

/** Queries from every shard in proportion to its items. */
async function queriesOfShards(
  { set, open }: Pick<RoutedShards, "set" | "open">,
  wanted: number,
): Promise<Float32Array[]> {
  const { list } = set.meta;
  const random = createRandom(1);
  const total = list.reduce((sum, { items }) => sum + items, 0);
  const queries: Float32Array[] = [];
  let passed = 0;
  for (const [s, { items: count }] of list.entries()) {
    passed += count;
    const due = Math.round((wanted * passed) / total) - queries.length;
    if (due < 1) continue;
    const { forest, items } = await open(s);
    for (let i = 0; i < due; i++)
      queries.push(between(forest, items[Math.floor(((i + random()) / due) * items.length)]!, random));
  }
  return queries;
}
