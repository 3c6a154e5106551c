import type { Region } from "../core/search/shards/regions.ts";
import type { ShardAnswers, ShardCall } from "../core/search/shards/types.ts";
import type { Outcome } from "../core/search/shards/wire.ts";
import type { ShardBase } from "../storage/manifest.ts";

/** Address of an object. Its name is made of all but `shardVersion` and `base`, which follow from the rest. */
export interface ShardAddress {
  /** Name of the index. */
  readonly index: string;
  /** Version of the whole index: an object only ever holds the one in its name, so no answer can mix two. */
  readonly version: string;
  readonly shard: number;
  /** Version of the shard's own artifact, as the router names it. */
  readonly shardVersion: string;
  /** Place of that artifact, and changes on top of it, in a version that changes another. */
  readonly base?: ShardBase | undefined;
  /** `any`: wherever the first caller was. */
  readonly region: Region | "any";
  /** Copies beside each other, for read load; from 0. */
  readonly replica: number;
}

export function objectName({ index, version, shard, region, replica }: ShardAddress): string {
  return `${index}/${version}/${shard}/${region}/${replica}`;
}

/** The call that an object takes. It says who is meant, and does not throw on purpose: errors lose their codes on the way. */
export interface ShardMethods {
  ask(address: ShardAddress, call: ShardCall): Promise<Outcome<ShardAnswers>>;
}

/** The part of a Durable Object namespace that is needed here. */
export interface ShardNamespace {
  idFromName(name: string): ObjectId;
  get(id: ObjectId, options?: { locationHint?: Region }): ShardMethods;
}

export interface ObjectId {
  equals(other: ObjectId): boolean;
}
