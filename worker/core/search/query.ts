import type { GroupBy, SortKey } from "../columns/order.ts";
import type { FilterNode } from "../columns/parse.ts";
import type { KeywordQuery } from "../keyword/query.ts";
import type { QueryCuration } from "./curation/types.ts";
import type { AnswerMode, SearchRequest } from "./types.ts";

/** A question about words: how they are spelled, how many documents hold one of them, or what completes a text. */
export type Probe =
  | { readonly kind: "spelling" | "holding" }
  | { readonly kind: "completions"; readonly text: string };

/** A request as an index ranks by it: read once, checked against the index, embedded. Plain data: it may be sent to shards. */
export interface Query {
  readonly mode: AnswerMode;
  /** The text, taken apart; absent for a search by vector, item or id. */
  readonly words?: KeywordQuery;
  /** Absent when only words are to be compared. */
  readonly vector?: Float32Array;
  readonly filter?: FilterNode;
  readonly facets?: readonly string[];
  readonly facetsOf?: SearchRequest["facetsOf"];
  /** Candidates to look at; -1: the certified default. */
  readonly searchK: number;
  /** Weight of the words against the vector in mode hybrid, 0 to 1; the balance follows from the query when left out. */
  readonly keywordWeight?: number;
  /** Curation of the query; absent where there is none. */
  readonly curation?: QueryCuration;
  /** Asks about words in place of a ranking. */
  readonly probe?: Probe;
  /** Whether the terms that count as found are wanted. */
  readonly terms?: boolean;
  /** Fields to sort by, before the score. */
  readonly sort?: readonly SortKey[];
  readonly groupBy?: GroupBy;
  /** Whether the documents that the query finds are to be counted. */
  readonly total?: boolean;
  /** Items of a lower score are neither listed nor counted. */
  readonly minScore?: number;
}

/** Whether an index needs its columns for the query. */
export function readsColumns({ mode, filter, facets, sort, groupBy }: Query): boolean {
  return mode === "browse" || [filter, facets, sort, groupBy].some((part) => part !== undefined);
}

/**
 * Whether the answer is a list of all that matches, in the order of fields: of what the words find, or of everything. What is
 * compared by vectors has no end, so there the best hits are sorted instead.
 */
export function isListed({ mode, sort }: Query): boolean {
  return mode === "browse" || (mode === "keyword" && sort !== undefined);
}

/** The words to rank by; undefined in mode vector, where they only mark what was found. */
export function rankedWords({ mode, words }: Query): KeywordQuery | undefined {
  return mode === "vector" ? undefined : words;
}
