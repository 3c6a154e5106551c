import type * as z from "zod/mini";
import { parseFilter } from "../columns/parse.ts";
import { type RequestIssue, SearchError, type SearchErrorCode } from "../format/search-error.ts";
import { hitsOf, isListing } from "./query.ts";
import {
  batchRequestSchema,
  MAX_GROUP_HITS,
  MAX_K,
  MAX_LISTED,
  MAX_QUERY_LENGTH,
  MAX_SORT_KEYS,
  searchRequestSchema,
} from "./schema.ts";
import type { SearchRequest } from "./types.ts";

/**
 * Checks a search of any origin (a JSON body, a query string, a command line, LangChain) and fills in its defaults.
 * Nothing about a particular index is known here: the vector's length is checked by `search`.
 *
 * @throws SearchError with every fault found, each with its field
 */
export function parseSearchRequest(json: unknown, limits: SearchLimits = {}): SearchRequest {
  const request = validate(searchRequestSchema, json);
  throwAll(issuesOf(request, limits));
  return request;
}

/**
 * Checks many searches at once; fields are named as in `searches[3].k`.
 *
 * @throws SearchError with every fault of every search
 */
export function parseBatchRequest(json: unknown, limits: SearchLimits = {}): readonly SearchRequest[] {
  const { searches } = validate(batchRequestSchema, json);
  const each = searches.flatMap((request, i) =>
    issuesOf(request, limits).map((issue) => ({
      ...issue,
      field: `searches[${i}]${issue.field === "" ? "" : "."}${issue.field}`,
    })),
  );
  throwAll([...each, ...batchIssues(searches)]);
  return searches;
}

/** Checks what the schema cannot: fields that exclude each other, a deployment's limits, the form of the filter. */
function issuesOf(request: SearchRequest, limits: SearchLimits): RequestIssue[] {
  const issues = [...queryIssues(request), ...limitIssues(request, limits)];
  if (request.filter === undefined) return issues;
  try {
    parseFilter(request.filter);
  } catch (error) {
    if (!(error instanceof SearchError)) throw error;
    issues.push(...error.issues);
  }
  return issues;
}

function throwAll(issues: readonly RequestIssue[]): void {
  const [first, ...others] = issues;
  if (first) throw new SearchError([first, ...others]);
}

/**
 * Holds `json` against a schema.
 *
 * @param at field that `json` itself is, put before the names of fields within it
 * @throws SearchError with every fault found
 */
export function validate<T extends z.core.$ZodType>(schema: T, json: unknown, at = ""): z.output<T> {
  const result = schema._zod.run({ value: json, issues: [] }, { async: false });
  if (result instanceof Promise) throw new TypeError("schemas of requests are synchronous");
  if (result.issues.length === 0) return result.value as z.output<T>;
  // Faults enough to mend a request; a hostile one has a fault a byte.
  throwAll(result.issues.slice(0, MAX_ISSUES).flatMap((issue) => translate(issue, json, at)));
  throw new TypeError("a schema refused a request without saying why");
}

const MAX_ISSUES = 20;

const QUERY_FIELDS = ["query", "vector", "item", "id"] as const;

const BROWSING_FIELDS = ["filter", "sort", "groupBy", "facets"] as const;

function queryIssues(request: SearchRequest): RequestIssue[] {
  const given = QUERY_FIELDS.filter((field) => request[field] !== undefined);
  if (given.length === 0 && !BROWSING_FIELDS.some((field) => request[field] !== undefined)) {
    const message =
      "Say what to search for: one of query, vector, item and id. Or browse, by filter, sort, groupBy or facets.";
    return [{ field: "", code: "NO_QUERY", message }];
  }
  if (given.length > 1) {
    const message = `Search by one of query, vector, item and id; this request has ${given.join(" and ")}.`;
    return [{ field: given[1]!, code: "AMBIGUOUS_QUERY", message }];
  }
  if (request.query !== undefined && request.query.trim() === "") {
    return [{ field: "query", code: "EMPTY_QUERY", message: "query has no text." }];
  }
  if (!request.mmr) return [];
  const against = (["sort", "groupBy"] as const).find((field) => request[field] !== undefined);
  const message =
    given.length === 0
      ? "mmr compares with what is searched for; this request has no query."
      : `mmr and ${against} each choose and order the hits; give one of them.`;
  return against || given.length === 0 ? [{ field: "mmr", code: "INVALID_VALUE", message }] : [];
}

/** A zod issue as ours: one for most, one a key for unknown fields. */
function translate(issue: z.core.$ZodRawIssue, json: unknown, at: string): RequestIssue[] {
  const path = issue.path ?? [];
  const field = fieldName(path, at);
  const name = field === "" ? "The request" : field;
  const value = valueAt(json, path);
  const one = (code: SearchErrorCode, message: string): RequestIssue[] => [{ field, code, message }];
  switch (issue.code) {
    case "unrecognized_keys":
      return (issue.keys as string[]).slice(0, 10).map((key) => {
        const unknown = fieldName([...path, key], at);
        return { field: unknown, code: "UNKNOWN_FIELD", message: `There is no field ${unknown}.` };
      });
    case "invalid_type":
      if (value === undefined) return one("MISSING_FIELD", `${name} is missing.`);
      if (typeof value === "number" && !Number.isFinite(value)) {
        return one("OUT_OF_RANGE", `${name} is not a finite number.`);
      }
      return one(
        "INVALID_TYPE",
        `${name} must be ${article(String(issue.expected))}, not ${shownValue(value, issue.expected)}.`,
      );
    case "too_big":
      if (field === "query") return [queryTooLong((value as string).length, issue.maximum as number)];
      return one("OUT_OF_RANGE", `${name} ${sizeOf(value)}; at most ${issue.maximum} is allowed.`);
    case "too_small":
      if (field === "query") return one("EMPTY_QUERY", "query has no text.");
      return one("OUT_OF_RANGE", `${name} ${sizeOf(value)}; at least ${issue.minimum} is needed.`);
    case "invalid_value":
      return one("INVALID_VALUE", `${name} must be one of ${(issue.values as unknown[]).join(", ")}.`);
    case "invalid_union":
      return one("INVALID_VALUE", `${name} must be ${FORMS[String(path[path.length - 1])] ?? FORMS.sort}.`);
    default:
      return one("INVALID_VALUE", issue.message ? `${name}: ${issue.message}` : `${name} is not valid.`);
  }
}

/** Forms that a field of several may have. */
const FORMS: Readonly<Record<string, string>> = {
  sort: `a field such as "price" or "price:desc", {"field": "price", "order": "desc"}, or a list of 1 to ${MAX_SORT_KEYS} of those`,
  groupBy: `a field such as "page", or {"field": "page", "hits": 3} with 1 to ${MAX_GROUP_HITS} hits`,
};

/** `mmr.lambda`, `vector[3]`, `searches[2].k`; long keys are cut so that an answer never echoes a megabyte. */
function fieldName(path: readonly PropertyKey[], at: string): string {
  let name = at;
  for (const part of path) {
    if (typeof part === "number") name += `[${part}]`;
    else {
      const key = String(part);
      name += `${name === "" ? "" : "."}${key.length > 60 ? `${key.slice(0, 60)}…` : key}`;
    }
  }
  return name;
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  let value = json;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

function sizeOf(value: unknown): string {
  if (typeof value === "string") return `has ${value.length} characters`;
  if (Array.isArray(value)) return `has ${value.length} entries`;
  return `is ${value}`;
}

/** Value in place of a number or a boolean: a number, or a short text, as every parameter of a URL is one. */
function shownValue(value: unknown, expected: unknown): string {
  const isWord = expected === "int" || expected === "number" || expected === "boolean";
  if (isWord && typeof value === "number") return String(value);
  if (isWord && typeof value === "string" && value.length <= 60) return `the text ${JSON.stringify(value)}`;
  return typeName(value);
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return article(typeof value);
}

function article(type: string): string {
  if (type === "int") return "a whole number";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** Bounds that a deployment sets below those of the contract. Left out: the contract's own. */
export interface SearchLimits {
  readonly maxK?: number | undefined;
  readonly maxSearchK?: number | undefined;
  /** In UTF-16 code units, as `String.length` counts. */
  readonly maxQueryLength?: number | undefined;
}

/** Passages are cut out of texts that may be long; more of them are of no use. */
export const MAX_HIGHLIGHTED = 100;

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
  const reach = isListing(request) && depth === MAX_K ? MAX_LISTED : depth;
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
