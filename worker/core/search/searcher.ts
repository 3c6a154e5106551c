import type { FilterNode } from "../columns/parse.ts";
import type { Reranker } from "../embedding/types.ts";
import type { AnnoyEdgeError } from "../format/errors.ts";
import type { StoredDocument } from "../format/meta.ts";
import { searchError } from "../format/search-error.ts";
import type { Work } from "../format/work.ts";
import type { ItemParts } from "./docstore.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { Query } from "./query.ts";
import type { Ranking, Rankings } from "./ranking.ts";
import type { DetailsRequest } from "./shards/types.ts";

/**
 * Access of one request to the items of an index, in memory or in shards. It keeps what the request learns; the
 * {@link LoadedIndex}, which all requests share, keeps nothing.
 */
export interface Searcher {
  readonly index: LoadedIndex;
  readonly options: SearchOptions;
  /**
   * Ranks the items by words, by the vector, or by each, with the filter before both. Documents are not read.
   *
   * @param shown what the answer will show of the best items, for a searcher that can bring it along
   */
  rank(query: Query, k: number, shown: Shown): Promise<Rankings>;
  /** Documents of items, in order; undefined where an item has none. One round trip whatever the number. */
  documents(items: readonly number[]): Promise<(StoredDocument | undefined)[]>;
  /** Docstore ids of items, in order; its number for an item that was indexed without one. */
  ids(items: readonly number[]): Promise<string[]>;
  /**
   * Stored vectors of items, in order, by the finest of the file; undefined for holes and numbers out of range.
   *
   * @param exactness allows estimates where the stored ones cannot be read, and says so there
   */
  vectors(items: readonly number[], exactness?: Exactness): Promise<(Float32Array | undefined)[]>;
  /** Distances of ranked items from a vector; NaN where an item has no vector. */
  distances(query: Float32Array, ranked: Ranking, exactness: Exactness): Promise<readonly number[]>;
  /** Annoy's distance of two items; undefined when either is not there. */
  distance(i: number, j: number): Promise<number | undefined>;
  /** The item of a docstore id; undefined when there is none. */
  itemOf(id: string): Promise<number | undefined>;
  /** The stored vector of an item to search by; undefined when there is none. */
  vectorOf(item: number): Promise<Float32Array | undefined>;
  /** Whether each item is there and passes the filter. */
  passes(items: readonly number[], filter: FilterNode): Promise<readonly boolean[]>;
  /** Operations that only an index in shards needs; absent for others. */
  readonly shards?: SearchedShards;
}

/** Notes on an answer's distances. */
export interface Exactness {
  /** The cold part could not be read: distances are estimates from what is resident. */
  estimated: boolean;
}

/** Fields that an answer shows of the best items. */
export interface Shown extends ItemParts {
  /** Approximate depth in each ranking that the answer's hits come from. */
  readonly among: number;
}

/** The shards of one request. */
export interface SearchedShards {
  /** Shards that have been asked, and those of them that did not answer. */
  readonly asked: ReadonlySet<number>;
  readonly missing: ReadonlyMap<number, AnnoyEdgeError>;
  /** Reads ahead what answers will show. */
  prefetch(wants: readonly DetailsRequest[]): Promise<void>;
  /** Whether what an answer shows of a ranked item is there, or its shard can be asked for it. */
  has(item: number, parts: ItemParts): boolean;
  /** Announces searches that run at the same time: their questions to a shard share calls. At first there is one. */
  addSearches(more: number): void;
  /** Says that one of them asks nothing more. */
  endSearch(): void;
  /** Has all copies of every shard load what they hold. Fails when none does. */
  wake(): Promise<void>;
}

/** Numbers of shards that were asked and that answered. */
export function countShards({ asked, missing }: Pick<SearchedShards, "asked" | "missing">): {
  asked: number;
  answered: number;
} {
  return { asked: asked.size, answered: asked.size - missing.size };
}

/** Phases of a search that are timed. */
export type SearchPhase = "embed" | "keyword" | "forest" | "shards" | "docstore" | "rerank";

export interface SearchOptions {
  /** Told the milliseconds of each part. Inside a deployed Worker computation always takes 0: clocks stand still. */
  readonly onPhase?: (phase: SearchPhase, milliseconds: number) => void;
  /** Origin of the request, as a location hint of Durable Objects, which chooses the copies of the shards. */
  readonly from?: string;
  /** Orders the first hits anew where a request asks for that; absent where none is set up. */
  readonly reranker?: Reranker | undefined;
  /** Counts the work of the request that this search is a part of; it is not bounded when left out. */
  readonly work?: Work | undefined;
}

/** Runs one part of a search and tells how long it took. */
export async function timed<T>(
  phase: SearchPhase,
  options: SearchOptions,
  run: () => T | Promise<T>,
): Promise<T> {
  if (!options.onPhase) return run();
  const started = performance.now();
  const result = await run();
  options.onPhase(phase, performance.now() - started);
  return result;
}

/** The item of a docstore id. @throws SearchError `ID_NOT_FOUND` */
export async function requireItem(searcher: Searcher, id: string): Promise<number> {
  return (await searcher.itemOf(id)) ?? noDocument(searcher.index, id);
}

/** The stored vector of an item. @throws SearchError `ITEM_NOT_FOUND` */
export async function requireVector(searcher: Searcher, item: number, field = "item"): Promise<Float32Array> {
  return (await searcher.vectorOf(item)) ?? noItem(searcher.index, item, field);
}

/** @throws SearchError `ID_NOT_FOUND` */
export function noDocument(index: LoadedIndex, id: string): never {
  const shown = JSON.stringify(id.length > 100 ? `${id.slice(0, 100)}…` : id);
  throw searchError("ID_NOT_FOUND", "id", `Index ${index.name} has no document with the id ${shown}.`);
}

/** @throws SearchError `ITEM_NOT_FOUND` */
export function noItem(index: LoadedIndex, item: number, field = "item"): never {
  throw searchError("ITEM_NOT_FOUND", field, `Index ${index.name} has no item ${item}.`);
}
