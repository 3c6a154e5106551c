import { type GroupBy, parseSortKey, type SortKey } from "../columns/order.ts";
import type { FilterNode } from "../columns/parse.ts";
import type { Work } from "../format/work.ts";
import { type AgreedQuery, agreedIn, lookUp } from "../keyword/agreed.ts";
import type { KeywordIndex } from "../keyword/keyword-index.ts";
import type { KeywordQuery } from "../keyword/query.ts";
import { type UnderstoodQuery, understand } from "../keyword/understand.ts";
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

/** Whether every document counts: no filter and no rule of the curation keeps one out, in this part of an index or in others. */
export function countsAll({ filter, curation }: Query): boolean {
  return filter === undefined && (curation?.hidden.length ?? 0) === 0;
}

/** Settings of looking up the words of a query in an index that may be a part of more. */
export interface Understanding {
  /** The words, looked up among those of all parts. */
  readonly understood?: UnderstoodQuery | undefined;
  /** The words that all parts have agreed on. */
  readonly agreed?: AgreedQuery | undefined;
  /** Whether to rank by the words that the part has, and to tell what it knows of them. */
  readonly lookUp?: boolean | undefined;
  /** Whether every document of the index counts: see {@link countsAll}. */
  readonly countsAll?: boolean;
}

/** The words of a query as an index ranks by them; undefined without a query or an index of words. */
export function understoodIn(
  keyword: KeywordIndex | undefined,
  words: KeywordQuery | undefined,
  { understood, agreed, lookUp: isLookedUp, countsAll: all = false }: Understanding,
  work: Work | undefined,
): UnderstoodQuery | undefined {
  if (understood || !keyword || !words) return understood;
  if (agreed) return agreedIn(keyword, agreed, work);
  return isLookedUp ? lookUp(keyword, words, { work, countsAll: all }) : understand(keyword, words, work);
}

/** The fields that a request sorts by; undefined without any. */
export function sortOf({ sort }: Pick<SearchRequest, "sort">): readonly SortKey[] | undefined {
  if (sort === undefined) return undefined;
  const keys: readonly (
    | string
    | { readonly field: string; readonly order?: SortKey["order"] | undefined }
  )[] = isList(sort) ? sort : [sort];
  return keys.map((key) =>
    typeof key === "string" ? parseSortKey(key) : { field: key.field, order: key.order ?? "asc" },
  );
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

/** Grouping of a request's hits; undefined when it does not. */
export function groupByOf({ groupBy }: Pick<SearchRequest, "groupBy">): GroupBy | undefined {
  if (groupBy === undefined) return undefined;
  return typeof groupBy === "string"
    ? { field: groupBy, hits: 1 }
    : { field: groupBy.field, hits: groupBy.hits ?? 1 };
}

/** Whether nothing is searched for: the request browses what passes its filter. */
export function isBrowsing({ query, vector, item, id }: SearchRequest): boolean {
  return [query, vector, item, id].every((field) => field === undefined);
}

/** Whether a request certainly lists all that it finds in an order of fields, whatever the index. */
export function isListing(request: SearchRequest): boolean {
  return isBrowsing(request) || (request.mode === "keyword" && request.sort !== undefined);
}

/** Hits of a page at most: `k`, or so many groups of hits. */
export function hitsOf(request: Pick<SearchRequest, "k" | "groupBy">): number {
  return request.k * (groupByOf(request)?.hits ?? 1);
}
