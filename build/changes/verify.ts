import { join } from "node:path";
import { requireView } from "../../worker/core/format/artifact.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { shardFolder } from "../../worker/core/format/keys.ts";
import type { ArtifactMeta, BaseMeta } from "../../worker/core/format/meta.ts";
import type { ShardSet } from "../../worker/core/search/shards/types.ts";
import { readManifest } from "../artifact/folder.ts";
import { BASE_FOLDER } from "../artifact/version.ts";
import { openLocalIndex, openShardOf } from "../local/local-index.ts";
import type { LocalIndex } from "../local/types.ts";
import { liveItems, measureRecall, type RecallMeasurement } from "../recall/verify.ts";
import type { Progress } from "../settings/progress.ts";
import { checkNumbering, type NumberedShard } from "../sharding/numbering.ts";
import { openWhole } from "../sharding/stored.ts";
import { measureShards, type RoutedShards, type VerifyFolder } from "../sharding/verify.ts";
import { joinForests } from "./measure.ts";
import { searchedShard } from "./measure-shards.ts";

/** Result of verifying an artifact folder, as far as it is needed of a base. */
interface Verified {
  readonly ok: boolean;
  readonly version: string | null;
  readonly checks: readonly { readonly ok: boolean; readonly message: string }[];
}

/**
 * Checks the base of a folder of changes, and that the two belong together.
 *
 * @returns the finding, in a sentence
 * @throws AnnoyEdgeError `BASE_MISMATCH`, `BASE_UNSOUND`
 */
export async function checkBase(
  dir: string,
  { version, added, removed, items }: BaseMeta,
  verify: (dir: string) => Promise<Verified>,
): Promise<string> {
  const folder = join(dir, BASE_FOLDER);
  const found = await verify(folder);
  if (found.version !== null && found.version !== version) {
    throw new AnnoyEdgeError(
      "BASE_MISMATCH",
      `${folder} has version ${found.version}; the changes are on top of ${version}. Build the index anew.`,
    );
  }
  const fault = found.checks.find(({ ok }) => !ok);
  if (fault) throw new AnnoyEdgeError("BASE_UNSOUND", `${folder}: ${fault.message}`);
  return `${version} is sound: ${items} documents, of which ${removed} are gone or replaced; ${added} are on top`;
}

/**
 * Checks the changes of shards: those of each shard that has some are sound, and the ones that the index names; and all of
 * them together number the added documents one behind the other.
 *
 * @returns the finding, in a sentence
 * @throws AnnoyEdgeError `SHARD_MISMATCH`, or the code of what the check of one found
 */
export async function checkShardChanges(
  dir: string,
  { base, shards, items }: ArtifactMeta,
  verifyShard: VerifyFolder,
): Promise<string> {
  const before = (await readManifest(join(dir, BASE_FOLDER))).shards?.list ?? [];
  const numbered: NumberedShard[] = [];
  let [total, removed] = [0, 0];
  for (const [i, { changes, ...shard }] of shards?.list.entries() ?? []) {
    const old = before[i];
    const left = (old?.items ?? 0) + (changes?.added ?? 0) - (changes?.removed ?? 0);
    if (shard.version !== old?.version || shard.items !== left)
      throw mismatch(
        i,
        `it has ${shard.items} items on top of ${shard.version}, and ${left} on ${old?.version}`,
      );
    total += shard.items;
    if (!changes) continue;
    const folder = join(dir, shardFolder(i));
    const failed = (await verifyShard(folder)).checks.find(({ ok }) => !ok);
    if (failed)
      throw new AnnoyEdgeError(failed.code ?? "NOT_SOUND", `Changes of shard ${i}: ${failed.message}`);
    const { artifact } = await openWhole(folder);
    const { version, hotBytes } = await readManifest(folder);
    const gone = requireView(artifact, "removedItems", Uint32Array);
    const found = [version, hotBytes, artifact.meta.base?.version, artifact.header.nItems, gone.length];
    const wanted = [changes.version, changes.hotBytes, shard.version, changes.added, changes.removed];
    if (found.some((value, at) => value !== wanted[at]))
      throw mismatch(i, `its changes are ${found.join(", ")}; the index names ${wanted.join(", ")}`);
    removed += gone.length;
    const first = (base?.nItems ?? 0) - shard.firstItem;
    const numbers = requireView(artifact, "shardItems", Uint32Array, changes.added);
    numbered.push({ name: `The changes of shard ${i}`, numbers: numbers.map((number) => number - first) });
  }
  const added = checkNumbering(numbered);
  if (total !== items || added !== base?.added || removed !== base.removed) {
    throw new AnnoyEdgeError(
      "CORRUPT_META",
      `The index counts ${items} items, ${base?.added} added and ${base?.removed} gone; its shards ${total}, ${added} and ${removed}.`,
    );
  }
  return `the changes of ${numbered.length} shards are sound, and number all added documents`;
}

function mismatch(i: number, what: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "SHARD_MISMATCH",
    `Shard ${i} is not the one that was changed: ${what}. Build the index anew.`,
  );
}

/** Measures the recall of base and changes together against brute force. */
export async function measureChanged(
  dir: string,
  onProgress?: (progress: Progress) => void,
): Promise<RecallMeasurement | undefined> {
  const index = await openLocalIndex(dir, { embedder: () => undefined });
  try {
    if (index.shards) return await measureShards(changedShards(dir, index, index.shards), onProgress);
    const forest = joinForests(index.changes!);
    return measureRecall(forest, liveItems(forest), onProgress);
  } finally {
    await index.close();
  }
}

function changedShards(dir: string, index: LocalIndex, set: ShardSet): RoutedShards {
  return {
    router: index.forest,
    set,
    async open(number) {
      const shard = await openShardOf(dir, number, index.manifest, index.artifact);
      await shard.close();
      return searchedShard(shard);
    },
  };
}
