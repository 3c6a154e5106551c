import * as z from "zod/mini";
import { METRICS } from "../format/constants.ts";

/**
 * The shapes of a search, in and out. Types, validation and `openapi.json` all come from here. `zod/mini` because its
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
/** Modes of an answer: `browse` for a search without anything to search for. */
export const ANSWER_MODES = [...SEARCH_MODES, "browse"] as const;
export const SORT_ORDERS = ["asc", "desc"] as const;
export const TOTAL_RELATIONS = ["exact", "estimate"] as const;
/** Fields that a search is sorted by. */
export const MAX_SORT_KEYS = 8;
export const MAX_GROUP_HITS = 100;
export const RULES = ["rareWord", "diversity", "synonym", "boost", "pinned", "reranked", "language"] as const;
/** Hits that a reranker orders. */
export const DEFAULT_RERANKED = 20;
export const MAX_RERANKED = 100;

const itemNumber = z.int().check(z.minimum(0), z.maximum(0x7fff_ffff));
const component = z.number().check(z.minimum(-MAX_COMPONENT), z.maximum(MAX_COMPONENT));

export const mmrSchema = z
  .strictObject({
    fetchK: z._default(z.int().check(z.minimum(1), z.maximum(MAX_K)), DEFAULT_FETCH_K).check(
      z.meta({
        description: `Nearest neighbours to choose from. Default ${DEFAULT_FETCH_K}.`,
      }),
    ),
    lambda: z
      ._default(z.number().check(z.minimum(0), z.maximum(1)), DEFAULT_LAMBDA)
      .check(z.meta({ description: `1 is relevance alone, 0 diversity alone. Default ${DEFAULT_LAMBDA}.` })),
  })
  .check(
    z.meta({
      description: "Maximal marginal relevance: choose the k hits out of fetchK so that they differ.",
    }),
  );

const share = z.optional(z.number().check(z.minimum(0), z.maximum(1)));

export const weightsSchema = z.strictObject({ keyword: share, vector: share }).check(
  z.meta({
    description:
      "Balance of words and vectors in mode hybrid, in place of the one that follows from the query. One weight alone leaves the rest to the other.",
    examples: [{ keyword: 0.3, vector: 0.7 }],
  }),
);

const fieldName = z.string().check(z.minLength(1), z.maxLength(256));
const sortKey = z.union([
  fieldName,
  z.strictObject({ field: fieldName, order: z.optional(z.enum(SORT_ORDERS)) }),
]);

export const sortSchema = z
  .union([sortKey, z.readonly(z.array(sortKey).check(z.minLength(1), z.maxLength(MAX_SORT_KEYS)))])
  .check(
    z.meta({
      description:
        "Filterable fields to sort by, then by score: `price`, `price:desc`, `{field, order}`, or a list of those. Documents without the field come last.",
      examples: [["price:asc", "year:desc"]],
    }),
  );

export const groupBySchema = z
  .union([
    fieldName,
    z.strictObject({
      field: fieldName,
      hits: z.optional(z.int().check(z.minimum(1), z.maximum(MAX_GROUP_HITS))),
    }),
  ])
  .check(
    z.meta({
      description:
        "Filterable field with one value a document: hits with the same value come together, at most `hits` (default 1) of each, and `k` and `offset` count groups.",
      examples: [{ field: "page", hits: 3 }],
    }),
  );

/** Names the property too: linters miss it otherwise, and generators of clients make no type of it. */
const requiring = (field: string) => ({ required: [field], properties: { [field]: {} } });

export const searchRequestSchema = z
  .strictObject({
    query: z
      .optional(z.string().check(z.minLength(1), z.maxLength(MAX_QUERY_LENGTH)))
      .check(z.meta({ description: "Text to search for.", examples: ["a small dog"] })),
    vector: z
      .optional(z.readonly(z.array(component).check(z.minLength(1), z.maxLength(65_536))))
      .check(z.meta({ description: "Vector to search for, as long as the index has dimensions." })),
    item: z
      .optional(itemNumber)
      .check(
        z.meta({ description: "Item whose neighbours are wanted; the item itself is the nearest of them." }),
      ),
    id: z.optional(z.string().check(z.minLength(1), z.maxLength(MAX_ID_LENGTH))).check(
      z.meta({
        description: "Docstore id whose neighbours are wanted; the document itself is one of them.",
      }),
    ),
    indexes: z
      .optional(
        z.readonly(
          z
            .array(z.string().check(z.minLength(1), z.maxLength(100)))
            .check(z.minLength(1), z.maxLength(MAX_INDEXES)),
        ),
      )
      .check(
        z.meta({
          description:
            "Names of several indexes to ask at once, by `query` or `vector`; hits are merged by score and each names its index.",
        }),
      ),
    k: z
      ._default(z.int().check(z.minimum(1), z.maximum(MAX_K)), DEFAULT_K)
      .check(z.meta({ description: `Hits wanted. Default ${DEFAULT_K}.` })),
    searchK: z._default(z.int().check(z.minimum(-1), z.maximum(MAX_SEARCH_K)), -1).check(
      z.meta({
        description:
          "Candidates to look at, counted as found in leaves before duplicates go, as Annoy does. -1 is the index's certified default.",
        not: { const: 0 },
      }),
    ),
    filter: z.optional(z.unknown()).check(
      z.meta({
        description:
          "Condition on the documents' metadata: `{field: value}`, `{field: {gte: 2020}}` with eq ne in nin lt lte gt gte exists, combined by and, or, not.",
        type: "object",
        additionalProperties: true,
        examples: [{ year: { gte: 2020 }, lang: ["en", "de"] }],
      }),
    ),
    mmr: z.optional(mmrSchema),
    offset: z.optional(z.int().check(z.minimum(0), z.maximum(MAX_LISTED))).check(
      z.meta({
        description: `Hits to pass over. In mode vector pages of one search agree with each other when every one of them, the first included, gives its offset; offset and k together reach ${MAX_K} at most, ${MAX_LISTED} in lists: without a query, or sorted in mode keyword.`,
      }),
    ),
    minScore: z
      .optional(z.number().check(z.minimum(0), z.maximum(1)))
      .check(
        z.meta({ description: "Hits with a lower score are left out; there may then be fewer than k." }),
      ),
    facets: z
      .optional(
        z.readonly(
          z.array(z.string().check(z.minLength(1), z.maxLength(256))).check(z.maxLength(MAX_FACETS)),
        ),
      )
      .check(
        z.meta({
          description: "Fields whose values are counted, over all documents that pass the filter.",
          examples: [["lang"]],
        }),
      ),
    facetsOf: z.optional(z.enum(FACETS_OF)).check(
      z.meta({
        description:
          "matches: of the documents that pass the filter, facets count only those that hold a word of the query (modes keyword and hybrid); values that none of them has count 0. filter, the default: all.",
      }),
    ),
    mode: z
      .optional(z.enum(SEARCH_MODES))
      .check(
        z.meta({ description: "Default: hybrid for text when the index has a keyword index, else vector." }),
      ),
    weights: z.optional(weightsSchema),
    sort: z.optional(sortSchema),
    groupBy: z.optional(groupBySchema),
    total: z.optional(z.boolean()).check(
      z.meta({
        description:
          "Whether the answer says how many documents there are: exactly in mode keyword and without a query, as an estimate where vectors are compared.",
      }),
    ),
    rerank: z
      .optional(
        z.union([
          z.boolean(),
          z.strictObject({ first: z.optional(z.int().check(z.minimum(2), z.maximum(MAX_RERANKED))) }),
        ]),
      )
      .check(
        z.meta({
          description: `Orders the first ${DEFAULT_RERANKED} hits, or as many as \`first\` says, by the reranker that is set up. Where it fails or is late, the order stays and a warning says so.`,
        }),
      ),
    didYouMean: z.optional(z.boolean()).check(
      z.meta({
        description: "Corrects misspelled words and counts the documents that hold the corrected ones.",
      }),
    ),
    prefix: z.optional(z.boolean()).check(
      z.meta({
        description:
          "Search as you type: the last word may be the beginning of one. A last word that the index does not know is completed anyway.",
      }),
    ),
    curation: z.optional(z.boolean()).check(
      z.meta({
        description: "false: synonyms, pinned and hidden documents and boosts of the index are left out.",
      }),
    ),
    include: z
      ._default(z.readonly(z.array(z.enum(INCLUDES)).check(z.maxLength(INCLUDES.length))), ["document"])
      .check(z.meta({ description: "What a hit carries beside its item, id, distance and score." })),
  })
  .check(
    z.meta({
      description:
        "A search by at most one of `query`, `vector`, `item` and `id`. Without any, a `filter`, `sort`, `groupBy` or `facets` browses all documents that pass.",
      oneOf: [
        ...["query", "vector", "item", "id"].map(requiring),
        {
          anyOf: ["filter", "sort", "groupBy", "facets"].map(requiring),
          not: { anyOf: ["query", "vector", "item", "id"].map(requiring) },
        },
      ],
    }),
  );

export const documentSchema = z.object({
  pageContent: z.string(),
  metadata: z.readonly(z.record(z.string(), z.unknown())),
});

export const highlightSchema = z
  .object({
    field: z.literal("pageContent"),
    text: z.string().check(z.meta({ description: "The passage, as it stands in the document. Plain text." })),
    offset: z.int().check(z.meta({ description: "Where the passage begins in the document." })),
    ranges: z.readonly(z.array(z.object({ start: z.int(), end: z.int() }))).check(
      z.meta({
        description: "What matched, in the passage, in UTF-16 code units; the end is not part of it.",
      }),
    ),
  })
  .check(z.meta({ description: "The passage of a document that matched." }));

const place = {
  rank: z.nullable(z.int()).check(z.meta({ description: "From 1; null beyond those that were ranked." })),
  score: z.number().check(z.meta({ description: "0 to 1." })),
};

export const explanationSchema = z
  .object({
    words: z
      .readonly(
        z.array(
          z.object({
            word: z.string().check(z.meta({ description: "A word of the query." })),
            terms: z
              .readonly(z.array(z.string()))
              .check(z.meta({ description: "Words of the document that count as it." })),
            fields: z
              .readonly(z.array(z.string()))
              .check(z.meta({ description: "Fields of the document that have them." })),
          }),
        ),
      )
      .check(z.meta({ description: "Words of the query that the document has." })),
    keyword: z
      .nullable(z.object({ ...place, bm25: z.number() }))
      .check(z.meta({ description: "null when the words did not find the hit." })),
    vector: z
      .nullable(z.object({ ...place, distance: z.number() }))
      .check(z.meta({ description: "null when no vector was compared." })),
    weights: z
      .nullable(z.object({ keyword: z.number(), vector: z.number(), given: z.boolean() }))
      .check(z.meta({ description: "Mode hybrid: the balance, and whether the request gave it." })),
    rules: z
      .readonly(z.array(z.object({ rule: z.enum(RULES), message: z.string() })))
      .check(z.meta({ description: "Rules that moved the hit, in their order." })),
  })
  .check(z.meta({ description: "Why a hit stands where it does." }));

const fieldValue = z.union([z.string(), z.number(), z.boolean()]);

export const hitSchema = z.object({
  index: z.optional(z.string()).check(z.meta({ description: "Name of its index, in a search of several." })),
  item: itemNumber,
  id: z.string(),
  distance: z.nullable(z.number()).check(
    z.meta({
      description:
        "Annoy's distance. angular: sqrt(2 - 2 cos); dot: the inner product. null when no vectors were compared (mode keyword).",
    }),
  ),
  score: z.number().check(
    z.minimum(0),
    z.maximum(1),
    z.meta({
      description:
        "Larger is better. Of the distance in mode vector, of BM25 in mode keyword, of both in mode hybrid; 1 in mode browse.",
    }),
  ),
  sort: z
    .optional(z.readonly(z.array(z.nullable(fieldValue))))
    .check(z.meta({ description: "Its values of the fields in `sort`; null where it has none." })),
  document: z
    .optional(documentSchema)
    .check(z.meta({ description: "Absent when it was not asked for, or when the item has none." })),
  metadata: z
    .optional(z.readonly(z.record(z.string(), z.unknown())))
    .check(
      z.meta({ description: "The document's metadata without its text: what a list of results needs." }),
    ),
  vector: z.optional(z.readonly(z.array(z.number()))),
  highlights: z.optional(z.readonly(z.array(highlightSchema))),
  explanation: z.optional(explanationSchema),
});

export const facetCountsSchema = z
  .readonly(
    z.record(
      z.string(),
      z.readonly(
        z.array(
          z.object({
            value: fieldValue,
            count: z.int(),
          }),
        ),
      ),
    ),
  )
  .check(
    z.meta({
      description: "By field, how many documents have each value; most frequent first, 100 at most.",
    }),
  );

export const warningSchema = z.object({
  code: z.enum([
    "NOTHING_UNDERSTOOD",
    "EMBEDDER_UNAVAILABLE",
    "SHARDS_MISSING",
    "VECTORS_UNAVAILABLE",
    "PHRASE_NOT_FOUND",
    "RERANKER_UNAVAILABLE",
  ]),
  message: z.string(),
});

export const groupSchema = z.object({
  index: z.optional(z.string()).check(z.meta({ description: "Name of its index, in a search of several." })),
  value: z
    .nullable(fieldValue)
    .check(z.meta({ description: "The field's value; null: the documents without one." })),
  hits: z
    .int()
    .check(
      z.meta({ description: "Hits of the group: so many of `hits`, behind those of the groups before." }),
    ),
});

export const totalSchema = z.object({
  value: z.int().check(z.minimum(0)),
  relation: z.enum(TOTAL_RELATIONS),
  groups: z
    .optional(z.int().check(z.minimum(0)))
    .check(z.meta({ description: "Groups that the documents fall into, with `groupBy`." })),
});

export const didYouMeanSchema = z
  .object({
    query: z
      .string()
      .check(z.meta({ description: "The text with the corrected words, these in lower case." })),
    documents: z
      .int()
      .check(z.meta({ description: "Documents that pass the filter and hold a corrected word." })),
    words: z.readonly(z.array(z.object({ word: z.string(), correction: z.string() }))),
  })
  .check(z.meta({ description: "With `didYouMean`, where a word of the query is in no document." }));

const resultFields = {
  mode: z.enum(ANSWER_MODES).check(z.meta({ description: "How the hits were found." })),
  hits: z
    .readonly(z.array(hitSchema))
    .check(z.meta({ description: "Best first; with `sort`, in its order; with `groupBy`, group by group." })),
  groups: z
    .optional(z.readonly(z.array(groupSchema)))
    .check(z.meta({ description: "The groups of the hits, in their order; with `groupBy`." })),
  total: z
    .optional(totalSchema)
    .check(z.meta({ description: "Documents that the search finds, on this page and all others." })),
  facets: z.optional(facetCountsSchema),
  didYouMean: z.optional(didYouMeanSchema),
  partial: z
    .optional(z.literal(true))
    .check(z.meta({ description: "Some shards did not answer: what they hold is missing here." })),
  warnings: z
    .optional(z.readonly(z.array(warningSchema)))
    .check(z.meta({ description: "Why the answer may not be what was hoped for." })),
};

const indexFields = {
  index: z.string().check(z.meta({ description: "Name of the index." })),
  version: z
    .string()
    .check(z.meta({ description: "The version that everything in this answer comes from." })),
  metric: z.enum(METRICS),
};

export const searchResponseSchema = z.object({
  ...indexFields,
  indexes: z
    .optional(
      z.readonly(
        z.array(
          z.object({
            index: z.string(),
            version: z.string(),
            metric: z.enum(METRICS),
            mode: z.enum(ANSWER_MODES),
          }),
        ),
      ),
    )
    .check(
      z.meta({
        description:
          "What each index of a search of several has answered from; `index` and `version` then list all.",
      }),
    ),
  ...resultFields,
});

export const batchRequestSchema = z
  .strictObject({
    searches: z
      .readonly(z.array(searchRequestSchema).check(z.minLength(1), z.maxLength(MAX_BATCH)))
      .check(z.meta({ description: `Up to ${MAX_BATCH} searches, with 10,000 hits together at most.` })),
  })
  .check(z.meta({ description: "Many searches of one version at once." }));

export const batchResponseSchema = z.object({
  ...indexFields,
  results: z
    .readonly(
      z.array(
        z.union([
          z.object(resultFields),
          z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
        ]),
      ),
    )
    .check(z.meta({ description: "One a search, in order: its hits, or why there are none." })),
});
