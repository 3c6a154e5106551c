import * as z from "zod/mini";
import { MAX_ITEMS } from "../core/format/constants.ts";
import type { SearchErrorCode } from "../core/format/search-error.ts";
import { MAX_K } from "../core/search/schema.ts";
import {
  DEFAULT_SUGGESTIONS,
  MAX_SUGGEST_LENGTH,
  MAX_SUGGESTIONS,
} from "../core/search/words/suggest-schema.ts";
import { headers, namedHeaders, problemHeaders } from "./openapi-headers.ts";
import type { Json, OpenApiDocument, Operation, Parameter } from "./openapi-types.ts";
import { SEARCH_PARAMETERS } from "./parameters.ts";
import { type HttpErrorCode, PROBLEM_KINDS } from "./problems.ts";
import { NAMED_SCHEMAS, type SchemaName } from "./schemas.ts";

/**
 * The contract as OpenAPI 3.1, made from the schemas that requests are held to. A few milliseconds; callers keep it.
 *
 * @param base path that the API is mounted under
 */
export function openApiDocument(base = ""): OpenApiDocument {
  const schemas = namedSchemas();
  return {
    openapi: "3.1.1",
    info: {
      title: "annoy-edge",
      version: "1",
      description:
        "Search by meaning over an index that was built beforehand. Every answer names the version it comes from; every error is a problem (RFC 9457) with a stable code.",
      license: { name: "Apache License 2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: base || "/", description: "Where this contract comes from." }],
    paths: withNamed(paths(schemas)),
    components: {
      schemas,
      headers: namedHeaders(),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "Only where API keys are set up." },
        apiKey: {
          type: "apiKey",
          in: "header",
          name: "X-API-Key",
          description: "The same key, for those who cannot set Authorization.",
        },
      },
    },
    security: [{}, { bearer: [] }, { apiKey: [] }],
  };
}

/** `components/schemas`: requests as they may be written, answers as they are given. */
function namedSchemas(): Record<string, Json> {
  const named: Record<string, Json> = {};
  for (const [name, schema] of Object.entries(NAMED_SCHEMAS)) {
    const json = z.toJSONSchema(schema, { io: name.endsWith("Request") ? "input" : "output" });
    const { $schema, ...rest } = json as Record<string, unknown>;
    named[name] = tidy(rest, name.endsWith("Request")) as Json;
  }
  return Object.fromEntries(
    Object.entries(named).map(([name, schema]) => [name, sharing(schema, named, name) as Json]),
  );
}

/** Schemas that stand within others, which name them instead. */
const SHARED: readonly SchemaName[] = ["Hit", "Document"];

function sharing(value: unknown, named: Readonly<Record<string, Json>>, within: string): unknown {
  if (Array.isArray(value)) return value.map((inner) => sharing(inner, named, within));
  if (typeof value !== "object" || value === null) return value;
  const { description, ...rest } = value as Json;
  const text = JSON.stringify(rest);
  const same = SHARED.find((name) => {
    const { description: _, ...shared } = named[name]!;
    return name !== within && JSON.stringify(shared) === text;
  });
  if (same) return { ...(description !== undefined && { description }), ...ref(same) };
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, sharing(inner, named, within)]),
  );
}

/**
 * A schema without what its making left behind: `readOnly` (of types, not of HTTP) and bounds that only say "a safe
 * integer". Answers are left open: what a later version adds to one is no breach of this one.
 */
function tidy(value: unknown, closed: boolean): unknown {
  if (Array.isArray(value)) return value.map((inner) => tidy(inner, closed));
  if (typeof value !== "object" || value === null) return value;
  const keep = ([key, inner]: [string, unknown]): boolean => {
    if (key === "readOnly" && inner === true) return false;
    // Generators of types take what has a default for what is always there. Descriptions tell the defaults.
    if (key === "default" && closed) return false;
    if (key === "additionalProperties" && inner === false) return closed;
    return !((key === "minimum" || key === "maximum") && Math.abs(Number(inner)) === Number.MAX_SAFE_INTEGER);
  };
  return Object.fromEntries(
    Object.entries(value)
      .filter(keep)
      .map(([key, inner]) => [key, tidy(inner, closed)]),
  );
}

function paths(schemas: Record<string, Json>): OpenApiDocument["paths"] {
  return { ...searchPaths(schemas), ...suggestPaths(), ...documentPaths(), ...indexPaths() };
}

function searchPaths(schemas: Record<string, Json>): OpenApiDocument["paths"] {
  return {
    "/v1/search": {
      post: {
        operationId: "search",
        summary: "Search by text, vector, item or id",
        requestBody: {
          required: true,
          content: { "application/json": { schema: ref("SearchRequest") } },
        },
        responses: answers("SearchResponse", [...REQUEST_CODES, ...INDEX_CODES, ...BODY_CODES]),
      },
      get: {
        operationId: "searchByUrl",
        summary: "Search by a URL",
        description: "The same search as a URL, which caches keep by version.",
        parameters: searchParameters(schemas),
        responses: cacheable({
          ...answers("SearchResponse", [...REQUEST_CODES, ...INDEX_CODES, "DUPLICATE_FIELD"]),
          // The platform's own answer, before the Worker is asked.
          "414": { description: "The URL is longer than 16 kB; send the search as POST" },
        }),
      },
    },
    "/v1/search/batch": {
      post: {
        operationId: "searchBatch",
        summary: "Many searches at once",
        description:
          "All are answered from one version, and their documents are read together. A search that does not fit the index has its error in its place.",
        requestBody: {
          required: true,
          content: { "application/json": { schema: ref("BatchRequest") } },
        },
        responses: answers("BatchResponse", [...REQUEST_CODES, "MISSING_FIELD", ...BODY_CODES]),
      },
    },
  };
}

/** `GET /v1/suggest`. */
function suggestPaths(): OpenApiDocument["paths"] {
  return {
    "/v1/suggest": {
      get: {
        operationId: "suggest",
        summary: "Texts that complete the one that is typed",
        parameters: [
          {
            name: "q",
            in: "query",
            required: true,
            description: "Text to complete.",
            schema: { type: "string", minLength: 1, maxLength: MAX_SUGGEST_LENGTH },
          },
          {
            name: "k",
            in: "query",
            description: "Suggestions wanted.",
            schema: { type: "integer", minimum: 1, maximum: MAX_SUGGESTIONS, default: DEFAULT_SUGGESTIONS },
          },
        ],
        responses: cacheable(
          answers("SuggestResponse", [
            "MISSING_FIELD",
            "EMPTY_QUERY",
            "QUERY_TOO_LONG",
            "OUT_OF_RANGE",
            "INVALID_TYPE",
            "UNKNOWN_FIELD",
            "DUPLICATE_FIELD",
            "INVALID_FILTER",
            "FILTER_TOO_COMPLEX",
            "NO_KEYWORD_INDEX",
            ...SCOPE_CODES,
          ]),
        ),
      },
    },
  };
}

function documentPaths(): OpenApiDocument["paths"] {
  const item = (name: string): Parameter => ({
    name,
    in: "path",
    required: true,
    description: "Number of an item.",
    schema: { type: "integer", minimum: 0, maximum: MAX_ITEMS },
  });
  const id: Parameter = {
    name: "id",
    in: "path",
    required: true,
    description: "Docstore id. May hold slashes, encoded or not.",
    schema: { type: "string", minLength: 1 },
  };
  return {
    "/v1/documents/{id}": {
      get: {
        operationId: "getDocument",
        summary: "A document by its docstore id",
        parameters: [id],
        responses: cacheable(answers("DocumentResponse", ["ID_NOT_FOUND", ...SCOPE_CODES])),
      },
    },
    "/v1/items/{item}": {
      get: {
        operationId: "getItem",
        summary: "An item with its vector and document",
        parameters: [item("item")],
        responses: cacheable(
          answers("ItemResponse", ["INVALID_TYPE", "OUT_OF_RANGE", "ITEM_NOT_FOUND", ...SCOPE_CODES]),
        ),
      },
    },
    "/v1/items/{i}/distance/{j}": {
      get: {
        operationId: "getDistance",
        summary: "The distance between two items",
        parameters: [item("i"), item("j")],
        responses: cacheable(
          answers("DistanceResponse", ["INVALID_TYPE", "OUT_OF_RANGE", "ITEM_NOT_FOUND", ...SCOPE_CODES]),
        ),
      },
    },
  };
}

function indexPaths(): OpenApiDocument["paths"] {
  return {
    "/v1/index": {
      get: {
        operationId: "getIndex",
        summary: "Manifest, statistics and certified recall of the index",
        responses: cacheable(answers("IndexResponse", [])),
      },
    },
    "/v1/indexes": {
      get: {
        operationId: "getIndexes",
        summary: "The indexes that are served, and what of them is in memory",
        responses: { "200": content("IndexesResponse", "The answer"), ...problems([]) },
      },
    },
    "/v1/selections/{position}": {
      post: {
        operationId: "countSelection",
        summary: "Counts that somebody followed the hit at this position",
        parameters: [
          {
            name: "position",
            in: "path",
            required: true,
            description: "Position in the answer, from 0.",
            schema: { type: "integer", minimum: 0, maximum: MAX_K - 1 },
          },
        ],
        responses: {
          "204": { description: "Counted, where counts are kept" },
          ...problems(["INVALID_TYPE", "OUT_OF_RANGE"]),
        },
      },
    },
    "/v1/warm-up": {
      get: {
        operationId: "warmUp",
        summary: "Loads the index into this isolate when it is not there yet",
        responses: answers("WarmUpResponse", []),
      },
    },
    "/health": {
      get: {
        operationId: "getHealth",
        summary: "What this isolate has loaded; loads nothing",
        responses: {
          "200": content("HealthResponse", "State of the isolate that answers"),
          ...wrongMethod(),
        },
      },
    },
    "/openapi.json": {
      get: {
        operationId: "getContract",
        summary: "This contract, for programs",
        responses: unchanging("application/json", { type: "object" }, "OpenAPI 3.1"),
      },
    },
    "/docs": {
      get: {
        operationId: "getReference",
        summary: "This contract, for people",
        responses: unchanging("text/html", { type: "string" }, "A page"),
      },
    },
  };
}

/** The paths of one index under the names of all: `/v1/indexes/{index}/search` beside `/v1/search`. */
function withNamed(unnamed: OpenApiDocument["paths"]): OpenApiDocument["paths"] {
  const index: Parameter = {
    name: "index",
    in: "path",
    required: true,
    description: "Name of an index, as `/v1/indexes` lists it.",
    schema: { type: "string", minLength: 1 },
  };
  const ofIndex = (operation: Operation): Operation => ({
    ...operation,
    operationId: `${operation.operationId}OfIndex`,
    summary: `${operation.summary}, of the index named`,
    parameters: [index, ...(operation.parameters ?? [])],
    responses: withProblem(operation.responses, "INDEX_NOT_FOUND"),
  });
  const named = Object.entries(unnamed)
    .filter(([path]) => path.startsWith("/v1/") && path !== "/v1/indexes")
    .map(([path, operations]) => {
      const entries = Object.entries(operations).map(([method, operation]) => [method, ofIndex(operation)]);
      return [path.replace(/^\/v1\//, "/v1/indexes/{index}/"), Object.fromEntries(entries)] as const;
    });
  return { ...unnamed, ...Object.fromEntries(named) };
}

/** Adds a code to those that answers with its status list. */
function withProblem(responses: Operation["responses"], code: Code): Operation["responses"] {
  const [status] = PROBLEM_KINDS[code];
  const known = responses[String(status)]?.description;
  const codes = typeof known === "string" ? `${known}, ${code}` : code;
  return { ...responses, [status]: problemAnswer(status, codes) };
}

type Code = SearchErrorCode | HttpErrorCode | keyof typeof PROBLEM_KINDS;

/** Problems of a request whatever the index. */
const REQUEST_CODES: readonly Code[] = [
  "INVALID_TYPE",
  "INVALID_VALUE",
  "OUT_OF_RANGE",
  "UNKNOWN_FIELD",
  "NO_QUERY",
  "AMBIGUOUS_QUERY",
  "EMPTY_QUERY",
  "QUERY_TOO_LONG",
  "INVALID_FILTER",
  "FILTER_TOO_COMPLEX",
];

/** Problems of a request that does not fit the index. */
const INDEX_CODES: readonly Code[] = [
  "DIMENSION_MISMATCH",
  "UNKNOWN_FILTER_FIELD",
  "FILTER_TYPE_MISMATCH",
  "NO_EMBEDDER",
  "EMBEDDER_MISMATCH",
  "NO_KEYWORD_INDEX",
  "NO_RERANKER",
  "NO_FILTERABLE_COLUMNS",
  "NOT_ACROSS_INDEXES",
  "INDEX_NOT_FOUND",
  "ITEM_NOT_FOUND",
  "ID_NOT_FOUND",
  "EMBEDDING_FAILED",
];

/** Problems of a token's filter that does not fit the index. */
const SCOPE_CODES: readonly Code[] = [
  "UNKNOWN_FILTER_FIELD",
  "FILTER_TYPE_MISMATCH",
  "NO_FILTERABLE_COLUMNS",
];

const BODY_CODES: readonly Code[] = [
  "INVALID_JSON",
  "BODY_TOO_LARGE",
  "BODY_TIMEOUT",
  "UNSUPPORTED_MEDIA_TYPE",
];

/** Codes that any route which needs the index may answer with. */
const COMMON_CODES: readonly Code[] = [
  "BAD_CONFIGURATION",
  "TIMEOUT",
  "UNAUTHORIZED",
  "FORBIDDEN",
  "RATE_LIMITED",
  "ISOLATE_BUSY",
  "INDEX_NOT_PUBLISHED",
  "INDEX_LOADING",
  "INDEX_UNAVAILABLE",
  "VECTORS_UNAVAILABLE",
  "SHARDS_UNAVAILABLE",
  "DOCUMENTS_UNAVAILABLE",
  "INTERNAL_ERROR",
];

function answers(schema: SchemaName, codes: readonly Code[]): Record<string, Json> {
  const answer = { ...content(schema, "The answer"), ...headers("Index-Version", "Server-Timing") };
  return { "200": answer, ...problems(codes) };
}

function problems(codes: readonly Code[]): Record<string, Json> {
  const byStatus = new Map<number, Code[]>();
  for (const code of [...codes, ...COMMON_CODES]) {
    const [status] = PROBLEM_KINDS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses: Record<string, Json> = {};
  for (const [status, list] of [...byStatus].sort(([a], [b]) => a - b)) {
    responses[String(status)] = problemAnswer(status, list.join(", "));
  }
  return responses;
}

function problemAnswer(status: number, codes: string): Json {
  return {
    description: codes,
    ...problemHeaders(status),
    content: { "application/problem+json": { schema: ref("Problem") } },
  };
}

function cacheable(responses: Record<string, Json>): Record<string, Json> {
  const kept = headers("Index-Version", "Server-Timing", "ETag");
  return {
    ...responses,
    "200": { ...responses["200"], ...kept },
    "304": { description: "The version that If-None-Match names still stands", ...kept },
  };
}

/** Responses that the code alone determines. */
function unchanging(type: string, schema: Json, description: string): Record<string, Json> {
  return {
    "200": { description, content: { [type]: { schema } } },
    "304": { description: "It is still the one that If-None-Match names" },
    ...wrongMethod(),
  };
}

function wrongMethod(): Record<string, Json> {
  return { "405": problemAnswer(405, "METHOD_NOT_ALLOWED") };
}

function content(schema: SchemaName, description: string): Json {
  return { description, content: { "application/json": { schema: ref(schema) } } };
}

function ref(name: SchemaName): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** The query string's parameters, each with the schema of the field that it fills. */
function searchParameters(schemas: Record<string, Json>): Parameter[] {
  const fields = Object.entries(SEARCH_PARAMETERS).map(([name, { path, texts }]): Parameter => {
    const field = propertyOf(schemas.SearchRequest, path[0]);
    const schema = propertyOf(field, path[1]);
    const { description = field.description, ...own } = schema;
    const rest = texts ? { type: "array", minItems: 1, items: { type: "string", minLength: 1 } } : own;
    const list = rest.type === "array";
    return {
      name,
      in: "query",
      ...(typeof description === "string" && { description }),
      schema: rest,
      ...(list && { style: "form", explode: false }),
    };
  });
  const description =
    "The filter as JSON. Or `filter[lang]=en`, `filter[year][gte]=2020`, `filter[tag][in]=a,b`; all that are given must hold.";
  return [...fields, { name: "filter", in: "query", description, schema: { type: "string" } }];
}

function propertyOf(schema: Json | undefined, name: string | undefined): Json {
  if (name === undefined) return schema ?? {};
  // A JSON Schema made by zod: `properties` is an object of schemas, and so are the forms of a field that has several.
  const forms = [schema, ...((schema?.anyOf ?? []) as Json[])];
  const within = forms.map((form) => (form?.properties as Record<string, Json> | undefined)?.[name]);
  return within.find((found) => found !== undefined) ?? {};
}
