import type { Region } from "../search/shards/regions.ts";
import type {
  DetailsRequest,
  ItemDetails,
  Located,
  ShardQuery,
  ShardRanking,
} from "../search/shards/types.ts";
import type { Outcome } from "../search/shards/wire.ts";

/** Which object is meant. Its name is made of all but `shardVersion`, which follows from the rest. */
export interface ShardAddress {
  /** Name of the index. */
  readonly index: string;
  /** Version of the whole index: an object only ever holds the one in its name, so no answer can mix two. */
  readonly version: string;
  readonly shard: number;
  /** Version of the shard's own artifact, as the router names it. */
  readonly shardVersion: string;
  /** `any`: wherever the first caller was. */
  readonly region: Region | "any";
  /** Copies beside each other, for read load; from 0. */
  readonly replica: number;
}

export function objectName({ index, version, shard, region, replica }: ShardAddress): string {
  return `${index}/${version}/${shard}/${region}/${replica}`;
}

/** The calls that an object takes. All say who is meant, and none throws on purpose: errors lose their codes on the way. */
export interface ShardMethods {
  rank(address: ShardAddress, query: ShardQuery): Promise<Outcome<ShardRanking>>;
  details(address: ShardAddress, request: DetailsRequest): Promise<Outcome<DetailsPart>>;
  locate(address: ShardAddress, wanted: Located): Promise<Outcome<Position | null>>;
}

/** As much of an answer as one call may carry. */
export interface DetailsPart {
  readonly details: readonly ItemDetails[];
  /** Items that are to be asked for again. */
  readonly rest: readonly number[];
}

export interface Position {
  readonly item: number;
  readonly vector?: Float32Array;
}

/** The part of a Durable Object namespace that is needed here. */
export interface ShardNamespace {
  idFromName(name: string): ObjectId;
  get(id: ObjectId, options?: { locationHint?: Region }): ShardMethods;
}

export interface ObjectId {
  equals(other: ObjectId): boolean;
}
