import { MAX_ITEMS } from "../../core/format/constants.ts";
import { MAX_K } from "../../core/search/schema.ts";
import {
  DEFAULT_SUGGESTIONS,
  MAX_SUGGEST_LENGTH,
  MAX_SUGGESTIONS,
} from "../../core/search/words/suggest-schema.ts";
import { SEARCH_PARAMETERS } from "../parameters.ts";
import { BODY_CODES, INDEX_CODES, REQUEST_CODES } from "../problems.ts";
import type { SchemaName } from "../schemas.ts";
import { namedHeaders } from "./headers.ts";
import {
  answers,
  cacheable,
  content,
  problems,
  ref,
  SCOPE_CODES,
  unchanging,
  withProblem,
  wrongMethod,
} from "./responses.ts";
import { namedSchemas } from "./schemas.ts";
import type { Json, OpenApiDocument, Operation, Parameter } from "./types.ts";

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

function paths(schemas: Record<string, Json>): OpenApiDocument["paths"] {
  return { ...searchPaths(schemas), ...suggestPaths(), ...documentPaths(), ...indexPaths() };
}

function searchPaths(schemas: Record<string, Json>): OpenApiDocument["paths"] {
  const byUrl = cacheable({
    ...answers("SearchResponse", [...REQUEST_CODES, ...INDEX_CODES, "DUPLICATE_FIELD"]),
    // The platform's own answer, before the Worker is asked.
    "414": { description: "The URL is longer than 16 kB; send the search as POST" },
  });
  return {
    "/v1/search": {
      ...post(
        "search",
        "Search by text, vector, item or id",
        answers("SearchResponse", [...REQUEST_CODES, ...INDEX_CODES, ...BODY_CODES]),
        { requestBody: body("SearchRequest") },
      ),
      ...get("searchByUrl", "Search by a URL", byUrl, {
        description: "The same search as a URL, which caches keep by version.",
        parameters: searchParameters(schemas),
      }),
    },
    "/v1/search/batch": post(
      "searchBatch",
      "Many searches at once",
      answers("BatchResponse", [...REQUEST_CODES, "MISSING_FIELD", "EMBEDDING_FAILED", ...BODY_CODES]),
      {
        description:
          "All are answered from one version, and their documents are read together. A search that does not fit the index has its error in its place.",
        requestBody: body("BatchRequest"),
      },
    ),
  };
}

const FILTER: Parameter = {
  name: "filter",
  in: "query",
  description:
    "The filter as JSON. Or `filter[lang]=en`, `filter[year][gte]=2020`, `filter[tag][in]=a,b`; all that are given must hold.",
  schema: { type: "string" },
};

/** `GET /v1/suggest`. */
function suggestPaths(): OpenApiDocument["paths"] {
  const text: Parameter = {
    name: "q",
    in: "query",
    required: true,
    description: "Text to complete.",
    schema: { type: "string", minLength: 1, maxLength: MAX_SUGGEST_LENGTH },
  };
  const k: Parameter = {
    name: "k",
    in: "query",
    description: "Suggestions wanted.",
    schema: { type: "integer", minimum: 1, maximum: MAX_SUGGESTIONS, default: DEFAULT_SUGGESTIONS },
  };
  const responses = answers("SuggestResponse", [
    ...(["MISSING_FIELD", "EMPTY_QUERY", "QUERY_TOO_LONG", "OUT_OF_RANGE", "INVALID_TYPE"] as const),
    ...(["UNKNOWN_FIELD", "DUPLICATE_FIELD", "INVALID_FILTER", "FILTER_TOO_COMPLEX"] as const),
    "NO_KEYWORD_INDEX",
    ...SCOPE_CODES,
  ]);
  return {
    "/v1/suggest": get("suggest", "Texts that complete the one that is typed", cacheable(responses), {
      parameters: [text, k, FILTER],
    }),
  };
}

function documentPaths(): OpenApiDocument["paths"] {
  const item = (name: string) =>
    inPath(name, "Number of an item.", { type: "integer", minimum: 0, maximum: MAX_ITEMS });
  const id = inPath("id", "Docstore id. May hold slashes, encoded or not.", { type: "string", minLength: 1 });
  const ofItem = (schema: SchemaName) =>
    cacheable(answers(schema, ["INVALID_TYPE", "OUT_OF_RANGE", "ITEM_NOT_FOUND", ...SCOPE_CODES]));
  const ofId = cacheable(answers("DocumentResponse", ["ID_NOT_FOUND", ...SCOPE_CODES]));
  return {
    "/v1/documents/{id}": get("getDocument", "A document by its docstore id", ofId, { parameters: [id] }),
    "/v1/items/{item}": get("getItem", "An item with its vector and document", ofItem("ItemResponse"), {
      parameters: [item("item")],
    }),
    "/v1/items/{i}/distance/{j}": get(
      "getDistance",
      "The distance between two items",
      ofItem("DistanceResponse"),
      { parameters: [item("i"), item("j")] },
    ),
  };
}

function indexPaths(): OpenApiDocument["paths"] {
  const position = inPath("position", "Position in the answer, from 0.", {
    type: "integer",
    minimum: 0,
    maximum: MAX_K - 1,
  });
  return {
    "/v1/index": get(
      "getIndex",
      "Manifest, statistics and certified recall of the index",
      cacheable(answers("IndexResponse", [])),
    ),
    "/v1/indexes": get("getIndexes", "The indexes that are served, and what of them is in memory", {
      "200": content("IndexesResponse", "The answer"),
      ...problems([]),
    }),
    "/v1/selections/{position}": post(
      "countSelection",
      "Counts that somebody followed the hit at this position",
      {
        "204": { description: "Counted, where counts are kept" },
        ...problems(["INVALID_TYPE", "OUT_OF_RANGE"]),
      },
      { parameters: [position] },
    ),
    "/v1/warm-up": get(
      "warmUp",
      "Loads the index into this isolate when it is not there yet",
      answers("WarmUpResponse", []),
    ),
    "/health": get("getHealth", "What this isolate has loaded; loads nothing", {
      "200": content("HealthResponse", "State of the isolate that answers"),
      ...wrongMethod(),
    }),
    "/openapi.json": get(
      "getContract",
      "This contract, for programs",
      unchanging("application/json", { type: "object" }, "OpenAPI 3.1"),
    ),
    "/docs": get(
      "getReference",
      "This contract, for people",
      unchanging("text/html", { type: "string" }, "A page"),
    ),
  };
}

type Details = Pick<Operation, "description" | "parameters" | "requestBody">;

function operation(
  operationId: string,
  summary: string,
  responses: Operation["responses"],
  details: Details = {},
): Operation {
  return { operationId, summary, ...details, responses };
}

function get(...what: Parameters<typeof operation>) {
  return { get: operation(...what) };
}

function post(...what: Parameters<typeof operation>) {
  return { post: operation(...what) };
}

function body(schema: SchemaName): Json {
  return { required: true, content: { "application/json": { schema: ref(schema) } } };
}

function inPath(name: string, description: string, schema: Json): Parameter {
  return { name, in: "path", required: true, description, schema };
}

/** The paths of one index under the names of all: `/v1/indexes/{index}/search` beside `/v1/search`. */
function withNamed(unnamed: OpenApiDocument["paths"]): OpenApiDocument["paths"] {
  const index = inPath("index", "Name of an index, as `/v1/indexes` lists it.", {
    type: "string",
    minLength: 1,
  });
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
  return [...fields, FILTER];
}

function propertyOf(schema: Json | undefined, name: string | undefined): Json {
  if (name === undefined) return schema ?? {};
  // A JSON Schema made by zod: `properties` is an object of schemas, and so are the forms of a field that has several.
  const forms = [schema, ...((schema?.anyOf ?? []) as Json[])];
  const within = forms.map((form) => (form?.properties as Record<string, Json> | undefined)?.[name]);
  return within.find((found) => found !== undefined) ?? {};
}
