import type * as z from "zod/mini";
import { parseFilter } from "../columns/parse.ts";
import { type RequestIssue, SearchError, type SearchErrorCode } from "../format/search-error.ts";
import { batchIssues, limitIssues, queryTooLong, type SearchLimits } from "./limits.ts";
import { batchRequestSchema, MAX_GROUP_HITS, MAX_SORT_KEYS, searchRequestSchema } from "./schema.ts";
import type { SearchRequest } from "./types.ts";

/**
 * Checks a search of any origin (a JSON body, a query string, a command line, LangChain) and fills in its defaults.
 * Nothing about a particular index is known here: the vector's length is checked by `search`.
 *
 * @throws SearchError with every fault found, each with its field
 */
export function parseSearchRequest(json: unknown, limits: SearchLimits = {}): SearchRequest {
  const request = validate(searchRequestSchema, json);
  const issues = issuesOf(request, limits);
  if (issues.length > 0) throwAll(issues);
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
