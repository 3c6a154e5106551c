import type { FilterNode } from "../../columns/parse.ts";
import type { ShardsMeta } from "../../format/meta.ts";
import type { DocumentPlace, ItemParts, ReadPlaced } from "../docstore.ts";
import type { Query } from "../query.ts";
import type { Rankings, RankOptions } from "../ranking.ts";
import type { Outcome } from "./wire.ts";

/**
 * A shard as the Worker calls it: an object in this process, or a Durable Object. Values are plain data and typed arrays, which
 * structured cloning keeps.
 *
 * A shard speaks of its own items by the whole index's numbers where it knows them (section `shardItems`), and by its
 * own elsewhere; the asking side adds {@link ShardsMeta}'s `firstItem`.
 */
export interface Shard {
  /** Answers all questions of a call, each by itself: one that fails leaves the others alone. */
  ask(call: ShardCall): Promise<ShardAnswers>;
}

/** Questions to one shard, of one search or of many. */
export interface ShardCall {
  /** Units of work that the answers may take. Absent in calls of deployments before 0.3. */
  readonly left?: number | undefined;
  /** Ranks the shard's items, documents unread. */
  readonly ranks: readonly ShardQuery[];
  /** Fields that hits show. */
  readonly details: readonly DetailsRequest[];
  /** Finds an item, with its vector. */
  readonly located: readonly Located[];
  /** Items that a filter lets pass. Absent in calls of deployments before 0.2. */
  readonly passing?: readonly PassingRequest[];
}

/** As many answers to each kind of question as there were questions, in their order. */
export interface ShardAnswers {
  readonly ranks: readonly Outcome<ShardRankings>[];
  readonly details: readonly Outcome<DetailsPart>[];
  /** Null when the item is not this shard's. */
  readonly located: readonly Outcome<ItemDetails | null>[];
  /** Those of the items that are this shard's and pass. */
  readonly passing?: readonly Outcome<readonly number[]>[];
  /** Units of work that they took. */
  readonly spent?: number;
}

export interface PassingRequest {
  readonly items: readonly number[];
  readonly filter: FilterNode;
  /** Filterable fields of all shards together. */
  readonly fields: readonly string[];
}

export type Located = { readonly item: number } | { readonly id: string };

/** One search as a shard sees it: already embedded. */
export interface ShardQuery extends Query, RankOptions {
  /** Fields to return of the best items along with their ranks, which saves a second call. */
  readonly show?: Show;
}

export interface Show {
  /** So many of each side. */
  readonly first: number;
  /** Places of their documents. */
  readonly places: boolean;
  /** Their vectors, where that costs no read. */
  readonly vectors: boolean;
}

export interface ShardRankings extends Rankings {
  /** Details of the items that {@link ShardQuery.show} asks for. */
  readonly shown?: readonly ItemDetails[];
}

export interface DetailsRequest extends ItemParts {
  readonly items: readonly number[];
}

/** As much of an answer as one call may carry. */
export interface DetailsPart {
  readonly details: readonly ItemDetails[];
  /** Items that are to be asked for again. */
  readonly rest: readonly number[];
}

/** Whatever was asked for and is there; an item that the shard does not have is left out of its answer. */
export interface ItemDetails {
  readonly item: number;
  /** Absent for an item that was indexed without one. */
  readonly id?: string;
  readonly pageContent?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly vector?: Float32Array;
  /** Place of the document, for the caller to read it; null: there is none. */
  readonly place?: DocumentPlace | null;
}

/** The shards of one version, and how to reach them. */
export interface ShardSet {
  readonly meta: ShardsMeta;
  /** Shard of each of the router's centroids. */
  readonly owners: Uint16Array;
  /**
   * The shard of this number. Making one costs nothing; asking it does. Called anew for every request, and for a second
   * attempt where the first has failed.
   *
   * @param from location hint of the caller, where it is known
   * @param copy which of the copies is asked first, from 0; the first when left out
   */
  shard(index: number, from: string | undefined, copy?: number): Shard;
  /** Copies of each shard; 1 when left out. */
  readonly copies?: number;
  /** Reads documents whose places the shards tell; absent where they tell none. */
  readonly readPlaced?: ReadPlaced;
  /** Milliseconds after which a shard that has not answered is left out; undefined: none is. */
  readonly timeLimit?: number;
}
