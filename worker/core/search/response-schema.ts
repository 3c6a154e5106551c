import * as z from "zod/mini";
import { METRICS } from "../format/constants.ts";
import { described, list, share } from "./described.ts";
import { itemNumber, SEARCH_MODES } from "./schema.ts";

/** Modes of an answer: `browse` for a search without anything to search for. */
export const ANSWER_MODES = [...SEARCH_MODES, "browse"] as const;
const TOTAL_RELATIONS = ["exact", "estimate"] as const;
export const RULES = ["rareWord", "diversity", "synonym", "boost", "pinned", "reranked", "language"] as const;

export const documentSchema = z.object({
  pageContent: z.string(),
  metadata: z.readonly(z.record(z.string(), z.unknown())),
});

export const highlightSchema = described(
  "The passage of a document that matched.",
  z.object({
    field: z.literal("pageContent"),
    text: described("The passage, as it stands in the document. Plain text.", z.string()),
    offset: described("Where the passage begins in the document.", z.int()),
    ranges: described(
      "What matched, in the passage, in UTF-16 code units; the end is not part of it.",
      list(z.object({ start: z.int(), end: z.int() })),
    ),
  }),
);

const place = {
  rank: described("From 1; null beyond those that were ranked.", z.nullable(z.int())),
  score: described("0 to 1.", z.number()),
};

export const explanationSchema = described(
  "Why a hit stands where it does.",
  z.object({
    words: described(
      "Words of the query that the document has.",
      list(
        z.object({
          word: described("A word of the query.", z.string()),
          terms: described("Words of the document that count as it.", list(z.string())),
          fields: described("Fields of the document that have them.", list(z.string())),
        }),
      ),
    ),
    keyword: described(
      "null when the words did not find the hit.",
      z.nullable(z.object({ ...place, bm25: z.number() })),
    ),
    vector: described(
      "null when no vector was compared.",
      z.nullable(z.object({ ...place, distance: z.number() })),
    ),
    weights: described(
      "Mode hybrid: the balance, and whether the request gave it.",
      z.nullable(z.object({ keyword: z.number(), vector: z.number(), given: z.boolean() })),
    ),
    rules: described(
      "Rules that moved the hit, in their order.",
      list(z.object({ rule: z.enum(RULES), message: z.string() })),
    ),
  }),
);

const fieldValue = z.union([z.string(), z.number(), z.boolean()]);

export const hitSchema = z.object({
  index: described("Name of its index, in a search of several.", z.optional(z.string())),
  item: itemNumber,
  id: z.string(),
  distance: described(
    "Annoy's distance. angular: sqrt(2 - 2 cos); dot: the inner product. null when no vectors were compared (mode keyword).",
    z.nullable(z.number()),
  ),
  score: described(
    "Larger is better. Of the distance in mode vector, of BM25 in mode keyword, of both in mode hybrid; 1 in mode browse.",
    share,
  ),
  sort: described(
    "Its values of the fields in `sort`; null where it has none.",
    z.optional(list(z.nullable(fieldValue))),
  ),
  document: described(
    "Absent when it was not asked for, or when the item has none.",
    z.optional(documentSchema),
  ),
  metadata: described(
    "The document's metadata without its text: what a list of results needs.",
    z.optional(z.readonly(z.record(z.string(), z.unknown()))),
  ),
  vector: z.optional(list(z.number())),
  highlights: z.optional(list(highlightSchema)),
  explanation: z.optional(explanationSchema),
});

export const facetCountsSchema = described(
  "By field, how many documents have each value; most frequent first, 100 at most.",
  z.readonly(z.record(z.string(), list(z.object({ value: fieldValue, count: z.int() })))),
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
  index: described("Name of its index, in a search of several.", z.optional(z.string())),
  value: described("The field's value; null: the documents without one.", z.nullable(fieldValue)),
  hits: described("Hits of the group: so many of `hits`, behind those of the groups before.", z.int()),
});

export const totalSchema = z.object({
  value: z.int().check(z.minimum(0)),
  relation: z.enum(TOTAL_RELATIONS),
  groups: described(
    "Groups that the documents fall into, with `groupBy`.",
    z.optional(z.int().check(z.minimum(0))),
  ),
});

export const didYouMeanSchema = described(
  "With `didYouMean`, where a word of the query is in no document.",
  z.object({
    query: described("The text with the corrected words, these in lower case.", z.string()),
    documents: described("Documents that pass the filter and hold a corrected word.", z.int()),
    words: list(z.object({ word: z.string(), correction: z.string() })),
  }),
);

const resultFields = {
  mode: described("How the hits were found.", z.enum(ANSWER_MODES)),
  hits: described("Best first; with `sort`, in its order; with `groupBy`, group by group.", list(hitSchema)),
  groups: described("The groups of the hits, in their order; with `groupBy`.", z.optional(list(groupSchema))),
  total: described("Documents that the search finds, on this page and all others.", z.optional(totalSchema)),
  facets: z.optional(facetCountsSchema),
  didYouMean: z.optional(didYouMeanSchema),
  partial: described(
    "Some shards did not answer: what they hold is missing here.",
    z.optional(z.literal(true)),
  ),
  warnings: described("Why the answer may not be what was hoped for.", z.optional(list(warningSchema))),
};

const indexFields = {
  index: described("Name of the index.", z.string()),
  version: described("The version that everything in this answer comes from.", z.string()),
  metric: z.enum(METRICS),
};

export const searchResponseSchema = z.object({
  ...indexFields,
  indexes: described(
    "What each index of a search of several has answered from; `index` and `version` then list all.",
    z.optional(
      list(
        z.object({
          index: z.string(),
          version: z.string(),
          metric: z.enum(METRICS),
          mode: z.enum(ANSWER_MODES),
        }),
      ),
    ),
  ),
  ...resultFields,
});

export const batchResponseSchema = z.object({
  ...indexFields,
  results: described(
    "One a search, in order: its hits, or why there are none.",
    list(
      z.union([
        z.object(resultFields),
        z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
      ]),
    ),
  ),
});
