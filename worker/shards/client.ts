import type { ShardsMeta } from "../core/format/meta.ts";
import { furtherMs } from "../core/search/shards/batcher.ts";
import { isRegion, nearestRegion, type Region } from "../core/search/shards/regions.ts";
import type { ShardAnswers, ShardSet } from "../core/search/shards/types.ts";
import type { Outcome } from "../core/search/shards/wire.ts";
import { objectName, type ShardAddress, type ShardNamespace } from "./address.ts";
import { attempted } from "./attempts.ts";

export interface ShardSettings {
  /** Regions that objects may be made in; empty: all. */
  readonly regions: readonly Region[];
  /** Copies of each shard in each region. */
  readonly replicas: number;
  /** A shard that has not answered by then, in milliseconds, is left out. */
  readonly timeLimit: number;
  /** Another copy is asked after so many milliseconds. */
  readonly hedge: number;
}

export interface ShardClientOptions {
  readonly namespace: ShardNamespace;
  readonly index: string;
  /** Version of the whole index. */
  readonly version: string;
  readonly meta: Pick<ShardsMeta, "list">;
  /** The version that this one changes. */
  readonly base?: string | undefined;
  readonly settings: ShardSettings;
}

export type ReachShards = Omit<ShardSet, "meta" | "owners">;

/**
 * The shards of one version as Durable Objects. Nothing of a request is kept: stubs and promises belong to the request
 * that they were made in, so each call makes its own.
 */
export function connectShards(options: ShardClientOptions): ReachShards {
  const { meta, settings, namespace, base } = options;
  const { replicas } = settings;
  return {
    timeLimit: settings.timeLimit,
    copies: replicas,
    shard(shard, from, first = 0) {
      const region = regionFor(from, settings.regions);
      return {
        async ask(call) {
          let answered: ShardAnswers | undefined;
          const ask = async (attempt: number): Promise<Outcome<ShardAnswers>> => {
            const address: ShardAddress = {
              index: options.index,
              version: options.version,
              shard,
              shardVersion: meta.list[shard]?.version ?? "",
              ...(base !== undefined && {
                base: { version: base, changes: meta.list[shard]?.changes?.version },
              }),
              region,
              replica: (first + attempt) % replicas,
            };
            const id = namespace.idFromName(objectName(address));
            // A stub may be useless once a call over it has failed, so every attempt has its own.
            const object = namespace.get(id, region === "any" ? {} : { locationHint: region });
            const outcome = await object.ask(address, call);
            if (!outcome.ok) return outcome;
            answered ??= outcome.value;
            // A question that one copy fails at, another may answer.
            return faultIn(outcome.value) ?? outcome;
          };
          try {
            return await attempted(ask, {
              elsewhere: replicas > 1,
              hedgeMs: settings.hedge + furtherMs(call),
            });
          } catch (error) {
            if (answered) return answered;
            throw error;
          }
        },
      };
    },
  };
}

/** The first answer that is a failure of the shard, and not what it says of a request. */
function faultIn({ ranks, details, located, passing = [] }: ShardAnswers): Outcome<never> | undefined {
  for (const outcome of [...ranks, ...details, ...located, ...passing]) {
    if (!outcome.ok && outcome.issues === undefined) return outcome;
  }
  return undefined;
}

/** Regions of the copies of the shards that a caller asks. */
function regionFor(from: string | undefined, allowed: readonly Region[]): Region | "any" {
  const wanted = from !== undefined && isRegion(from) ? from : undefined;
  if (allowed.length === 0) return wanted ?? "any";
  return wanted ? nearestRegion(wanted, allowed) : (allowed[0] ?? "any");
}
