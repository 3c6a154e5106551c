import { join } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { shardFolder } from "../../worker/core/format/keys.ts";
import type { ShardsMeta } from "../../worker/core/format/meta.ts";
import { openShard } from "../../worker/core/search/shards/local.ts";
import type { Shard, ShardSet } from "../../worker/core/search/shards/types.ts";
import type { LocalIndex } from "./types.ts";

interface Opened {
  readonly index: LocalIndex;
  readonly shard: Shard;
}

/**
 * The shards of an artifact folder, each opened when it is first asked and kept.
 *
 * @throws AnnoyEdgeError `SHARD_MISMATCH` from a shard that is not the one the router was written with
 */
export function localShards(
  dir: string,
  { list }: ShardsMeta,
  openFolder: (folder: string) => Promise<LocalIndex>,
): Pick<ShardSet, "shard"> & { close(): Promise<void> } {
  const opened = new Map<number, Promise<Opened>>();
  const open = async (index: number): Promise<Opened> => {
    const folder = join(dir, shardFolder(index));
    const local = await openFolder(folder);
    const { version } = local.manifest;
    if (version === list[index]?.version) return { index: local, shard: openShard(local) };
    await local.close();
    throw new AnnoyEdgeError(
      "SHARD_MISMATCH",
      `${folder} has version ${version}; the index was put together with ${list[index]?.version}. Build or assemble it again.`,
    );
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
