import { join } from "node:path";
import type { Artifact } from "../../worker/core/format/artifact.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { shardFolder } from "../../worker/core/format/keys.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { openUnchanged, wordTotalsOf } from "../../worker/core/search/changes/open-changed.ts";
import { openShard } from "../../worker/core/search/shards/local.ts";
import type { Shard, ShardSet } from "../../worker/core/search/shards/types.ts";
import { BASE_FOLDER } from "../artifact/version.ts";
import type { LocalIndex } from "./types.ts";

interface Opened {
  readonly index: LocalIndex;
  readonly shard: Shard;
}

/** Ways to open what lies in the folder of a shard. */
export interface PartOpeners {
  readonly open: (folder: string) => Promise<LocalIndex>;
  readonly openOnTop: (
    base: LocalIndex,
    folder: string,
    totals: ReturnType<typeof wordTotalsOf>,
  ) => Promise<LocalIndex>;
}

/** A folder that is cut into shards: its manifest, and its artifact. */
interface Cut {
  readonly manifest: Pick<Manifest, "base" | "shards">;
  readonly router: Artifact;
}

/** @throws AnnoyEdgeError `SHARD_MISMATCH` from a shard that is not the one the router was written with */
export async function openLocalShard(
  dir: string,
  number: number,
  { manifest: { base, shards }, router }: Cut,
  { open, openOnTop }: PartOpeners,
): Promise<LocalIndex> {
  const expected = shards?.list[number];
  const own = join(dir, shardFolder(number));
  const folder = base ? join(dir, BASE_FOLDER, shardFolder(number)) : own;
  const local = await open(folder);
  try {
    requireVersion(folder, local, expected?.version);
    const totals = wordTotalsOf(router);
    if (!expected?.changes) return openUnchanged(local, totals);
    const changed = await openOnTop(local, own, totals);
    requireVersion(own, changed, expected.changes.version);
    return changed;
  } catch (error) {
    await local.close();
    throw error;
  }
}

function requireVersion(folder: string, { manifest: { version } }: LocalIndex, wanted?: string): void {
  if (version === wanted) return;
  throw new AnnoyEdgeError(
    "SHARD_MISMATCH",
    `${folder} has version ${version}; the index was put together with ${wanted}. Build or assemble it again.`,
  );
}

/** The shards of an artifact folder, each opened when it is first asked and kept. */
export function localShards(
  openShardAt: (index: number) => Promise<LocalIndex>,
): Pick<ShardSet, "shard"> & { close(): Promise<void> } {
  const opened = new Map<number, Promise<Opened>>();
  const open = async (number: number): Promise<Opened> => {
    const index = await openShardAt(number);
    try {
      return { index, shard: openShard(index) };
    } catch (error) {
      await index.close();
      throw error;
    }
  };
  const reach = (index: number): Promise<Opened> => {
    const known = opened.get(index) ?? open(index);
    opened.set(index, known);
    return known;
  };
  return {
    shard: (index) => ({
      ask: async (call) => (await reach(index)).shard.ask(call),
    }),
    async close() {
      const all = await Promise.allSettled(opened.values());
      for (const one of all) if (one.status === "fulfilled") await one.value.index.close();
    },
  };
}
