import type { RequestIssue } from "../format/search-error.ts";
import { hitsOf, isListing } from "./request.ts";
import { MAX_K, MAX_LISTED, MAX_QUERY_LENGTH } from "./schema.ts";
import type { SearchRequest } from "./types.ts";

/** Bounds that a deployment sets below those of the contract. Left out: the contract's own. */
export interface SearchLimits {
  readonly maxK?: number | undefined;
  readonly maxSearchK?: number | undefined;
  /** In UTF-16 code units, as `String.length` counts. */
  readonly maxQueryLength?: number | undefined;
}

/** Passages are cut out of texts that may be long; more of them are of no use. */
const MAX_HIGHLIGHTED = 100;

/**
 * Limits on all searches of a batch together: an isolate has 128 MB and one thread, and a batch should not cost
 * it more than a second or two.
 */
export const BATCH_BUDGETS: readonly {
  readonly what: string;
  readonly most: number;
  readonly of: (request: SearchRequest) => number;
}[] = [
  { what: "k of all searches together (with an offset 1000 at least, or both)", most: 10_000, of: ranked },
  { what: "mmr.fetchK of all searches together", most: 10_000, of: ({ mmr }) => mmr?.fetchK ?? 0 },
  // What choosing costs: every candidate is compared with every one that is chosen.
  { what: "mmr.fetchK times k of all searches together", most: 2_000_000, of: compared },
  { what: "k of all searches with highlights or explanations together", most: 1_000, of: highlighted },
  { what: "facets of all searches together", most: 100, of: ({ facets }) => facets?.length ?? 0 },
];

function ranked(request: SearchRequest): number {
  const { offset, k } = request;
  return offset === undefined ? hitsOf(request) : Math.max(MAX_K, offset + k);
}

function compared({ mmr, k, offset = 0 }: SearchRequest): number {
  return mmr ? mmr.fetchK * Math.min(offset + k, mmr.fetchK) : 0;
}

function highlighted(request: SearchRequest): number {
  const { include } = request;
  return include.some((part) => part === "highlights" || part === "explanation") ? hitsOf(request) : 0;
}

/** Fields of one search that are beyond what is allowed here. */
export function limitIssues(request: SearchRequest, limits: SearchLimits): RequestIssue[] {
  const { k, offset = 0, searchK, mmr, query } = request;
  const { maxK = MAX_K, maxSearchK, maxQueryLength = MAX_QUERY_LENGTH } = limits;
  const issues: RequestIssue[] = [];
  const refuse = (field: string, message: string): void => {
    issues.push({ field, code: "OUT_OF_RANGE", message });
  };
  const hold = (field: string, value: number, most: number | undefined): void => {
    if (most !== undefined && value > most)
      refuse(field, `${field} is ${value}; at most ${most} is allowed here.`);
  };
  hold("k", k, maxK);
  hold("mmr.fetchK", mmr?.fetchK ?? 0, maxK);
  hold("searchK", searchK, maxSearchK);
  const depth = Math.min(MAX_K, maxK);
  // A deployment that allows fewer hits allows fewer pages.
  const reach = offset > 0 && isListing(request) && depth === MAX_K ? MAX_LISTED : depth;
  if (offset > 0 && offset + k > reach) {
    refuse(
      "offset",
      `offset and k together reach ${offset + k}; at most ${reach} hits of a search can be paged through.`,
    );
  }
  const hits = hitsOf(request);
  if (request.groupBy !== undefined && hits > depth) {
    refuse("groupBy", `k groups of that many hits are ${hits} hits; at most ${depth} are allowed here.`);
  }
  if (searchK === 0) refuse("searchK", "searchK is 0; it is -1 for the default, or at least 1.");
  if (highlighted(request) > MAX_HIGHLIGHTED) {
    const message = `${request.groupBy === undefined ? "k is" : "k times the hits of a group is"} ${hits}; with highlights or explanations at most ${MAX_HIGHLIGHTED} is allowed.`;
    refuse("k", message);
  }
  if (query !== undefined && query.length > maxQueryLength)
    issues.push(queryTooLong(query.length, maxQueryLength));
  return issues;
}

/** Excess of a batch. */
export function batchIssues(searches: readonly SearchRequest[]): RequestIssue[] {
  return BATCH_BUDGETS.flatMap(({ what, most, of }): RequestIssue[] => {
    const total = searches.reduce((sum, request) => sum + of(request), 0);
    if (total <= most) return [];
    return [
      {
        field: "searches",
        code: "OUT_OF_RANGE",
        message: `${what} is ${total}; at most ${most} is allowed.`,
      },
    ];
  });
}

export function queryTooLong(length: number, most: number): RequestIssue {
  const message = `query has ${length} characters; at most ${most} are allowed.`;
  return { field: "query", code: "QUERY_TOO_LONG", message };
}
