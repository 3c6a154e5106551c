import * as z from "zod/mini";
import { described, list, share, text, whole } from "./described.ts";

/**
 * Schemas of searches: types, validation and `openapi.json` all come from here; those of answers from `response-schema.ts`. `zod/mini` because its
 * functions are dropped from the Worker's bundle one by one when nothing uses them.
 */

/** Bounds of the contract; a deployment may set lower ones (`SearchLimits`), never higher. */
export const MAX_K = 1000;
/** Hits that pages of a list reach: what is listed costs the same whatever the page. */
export const MAX_LISTED = 10_000;
export const MAX_QUERY_LENGTH = 8192;
export const MAX_ID_LENGTH = 2048;
export const MAX_SEARCH_K = 0x7fff_ffff;
export const MAX_BATCH = 100;
export const MAX_FACETS = 20;
/** Indexes that one search asks. */
export const MAX_INDEXES = 10;
export const DEFAULT_K = 4;
export const DEFAULT_FETCH_K = 20;
export const DEFAULT_LAMBDA = 0.5;
/** Larger components would overflow float32 arithmetic once squared and summed. */
export const MAX_COMPONENT = 1e15;

export const SEARCH_MODES = ["vector", "keyword", "hybrid"] as const;
export const FACETS_OF = ["filter", "matches"] as const;
export const INCLUDES = ["document", "metadata", "vector", "highlights", "explanation"] as const;
export const SORT_ORDERS = ["asc", "desc"] as const;
/** Fields that a search is sorted by. */
export const MAX_SORT_KEYS = 8;
export const MAX_GROUP_HITS = 100;
/** Hits that a reranker orders. */
export const DEFAULT_RERANKED = 20;
export const MAX_RERANKED = 100;

export const itemNumber = whole(0, 0x7fff_ffff);
const component = z.number().check(z.minimum(-MAX_COMPONENT), z.maximum(MAX_COMPONENT));

export const mmrSchema = described(
  "Maximal marginal relevance: choose the k hits out of fetchK so that they differ.",
  z.strictObject({
    fetchK: described(
      `Nearest neighbours to choose from. Default ${DEFAULT_FETCH_K}.`,
      z._default(whole(1, MAX_K), DEFAULT_FETCH_K),
    ),
    lambda: described(
      `1 is relevance alone, 0 diversity alone. Default ${DEFAULT_LAMBDA}.`,
      z._default(share, DEFAULT_LAMBDA),
    ),
  }),
);

export const weightsSchema = described(
  "Balance of words and vectors in mode hybrid, in place of the one that follows from the query. One weight alone leaves the rest to the other.",
  z.strictObject({ keyword: z.optional(share), vector: z.optional(share) }),
  { examples: [{ keyword: 0.3, vector: 0.7 }] },
);

const fieldName = text(256);
const sortKey = z.union([
  fieldName,
  z.strictObject({ field: fieldName, order: z.optional(z.enum(SORT_ORDERS)) }),
]);

export const sortSchema = described(
  "Filterable fields to sort by, then by score: `price`, `price:desc`, `{field, order}`, or a list of those. Documents without the field come last.",
  z.union([sortKey, list(sortKey, z.minLength(1), z.maxLength(MAX_SORT_KEYS))]),
  { examples: [["price:asc", "year:desc"]] },
);

export const groupBySchema = described(
  "Filterable field with one value a document: hits with the same value come together, at most `hits` (default 1) of each, and `k` and `offset` count groups.",
  z.union([fieldName, z.strictObject({ field: fieldName, hits: z.optional(whole(1, MAX_GROUP_HITS)) })]),
  { examples: [{ field: "page", hits: 3 }] },
);

/** Names the property too: linters miss it otherwise, and generators of clients make no type of it. */
const requiring = (field: string) => ({ required: [field], properties: { [field]: {} } });

export const searchRequestSchema = described(
  "A search by at most one of `query`, `vector`, `item` and `id`. Without any, a `filter`, `sort`, `groupBy` or `facets` browses all documents that pass.",
  z.strictObject({
    query: described("Text to search for.", z.optional(text(MAX_QUERY_LENGTH)), {
      examples: ["a small dog"],
    }),
    vector: described(
      "Vector to search for, as long as the index has dimensions.",
      z.optional(list(component, z.minLength(1), z.maxLength(65_536))),
    ),
    item: described(
      "Item whose neighbours are wanted; the item itself is the nearest of them.",
      z.optional(itemNumber),
    ),
    id: described(
      "Docstore id whose neighbours are wanted; the document itself is one of them.",
      z.optional(text(MAX_ID_LENGTH)),
    ),
    indexes: described(
      "Names of several indexes to ask at once, by `query` or `vector`; hits are merged by score and each names its index.",
      z.optional(list(text(100), z.minLength(1), z.maxLength(MAX_INDEXES))),
    ),
    k: described(`Hits wanted. Default ${DEFAULT_K}.`, z._default(whole(1, MAX_K), DEFAULT_K)),
    searchK: described(
      "Candidates to look at, counted as found in leaves before duplicates go, as Annoy does. -1 is the index's certified default.",
      z._default(whole(-1, MAX_SEARCH_K), -1),
      { not: { const: 0 } },
    ),
    filter: described(
      "Condition on the documents' metadata: `{field: value}`, `{field: {gte: 2020}}` with eq ne in nin lt lte gt gte exists, combined by and, or, not.",
      z.optional(z.unknown()),
      { type: "object", additionalProperties: true, examples: [{ year: { gte: 2020 }, lang: ["en", "de"] }] },
    ),
    mmr: z.optional(mmrSchema),
    offset: described(
      `Hits to pass over. In mode vector pages of one search agree with each other when every one of them, the first included, gives its offset; offset and k together reach ${MAX_K} at most, ${MAX_LISTED} in lists: without a query, or sorted in mode keyword.`,
      z.optional(whole(0, MAX_LISTED)),
    ),
    minScore: described(
      "Hits with a lower score are left out; there may then be fewer than k.",
      z.optional(share),
    ),
    facets: described(
      "Fields whose values are counted, over all documents that pass the filter.",
      z.optional(list(text(256), z.maxLength(MAX_FACETS))),
      { examples: [["lang"]] },
    ),
    facetsOf: described(
      "matches: of the documents that pass the filter, facets count only those that hold a word of the query (modes keyword and hybrid); values that none of them has count 0. filter, the default: all.",
      z.optional(z.enum(FACETS_OF)),
    ),
    mode: described(
      "Default: hybrid for text when the index has a keyword index, else vector.",
      z.optional(z.enum(SEARCH_MODES)),
    ),
    weights: z.optional(weightsSchema),
    sort: z.optional(sortSchema),
    groupBy: z.optional(groupBySchema),
    total: described(
      "Whether the answer says how many documents there are: exactly in mode keyword and without a query, as an estimate where vectors are compared.",
      z.optional(z.boolean()),
    ),
    rerank: described(
      `Orders the first ${DEFAULT_RERANKED} hits, or as many as \`first\` says, by the reranker that is set up. Where it fails or is late, the order stays and a warning says so.`,
      z.optional(z.union([z.boolean(), z.strictObject({ first: z.optional(whole(2, MAX_RERANKED)) })])),
    ),
    didYouMean: described(
      "Corrects misspelled words and counts the documents that hold the corrected ones.",
      z.optional(z.boolean()),
    ),
    prefix: described(
      "Search as you type: the last word may be the beginning of one. A last word that the index does not know is completed anyway.",
      z.optional(z.boolean()),
    ),
    curation: described(
      "false: synonyms, pinned and hidden documents and boosts of the index are left out.",
      z.optional(z.boolean()),
    ),
    include: described(
      "What a hit carries beside its item, id, distance and score.",
      z._default(list(z.enum(INCLUDES), z.maxLength(INCLUDES.length)), ["document"]),
    ),
  }),
  {
    oneOf: [
      ...["query", "vector", "item", "id"].map(requiring),
      {
        anyOf: ["filter", "sort", "groupBy", "facets"].map(requiring),
        not: { anyOf: ["query", "vector", "item", "id"].map(requiring) },
      },
    ],
  },
);

export const batchRequestSchema = described(
  "Many searches of one version at once.",
  z.strictObject({
    searches: described(
      `Up to ${MAX_BATCH} searches, with 10,000 hits together at most.`,
      list(searchRequestSchema, z.minLength(1), z.maxLength(MAX_BATCH)),
    ),
  }),
);
