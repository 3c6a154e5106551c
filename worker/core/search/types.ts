import type * as z from "zod/mini";
import type {
  batchResponseSchema,
  didYouMeanSchema,
  explanationSchema,
  facetCountsSchema,
  groupSchema,
  highlightSchema,
  hitSchema,
  searchResponseSchema,
  totalSchema,
  warningSchema,
} from "./response-schema.ts";
import type { batchRequestSchema, searchRequestSchema } from "./schema.ts";

/** A search as a caller writes it: defaults may be left out. */
export type SearchInput = z.input<typeof searchRequestSchema>;
/** A search with its fields checked and its defaults filled in; at most one of query, vector, item and id is there. */
export type SearchRequest = z.output<typeof searchRequestSchema>;
export type SearchResponse = z.output<typeof searchResponseSchema>;
export type SearchWarning = z.output<typeof warningSchema>;
export type BatchInput = z.input<typeof batchRequestSchema>;
export type BatchResponse = z.output<typeof batchResponseSchema>;
export type Hit = z.output<typeof hitSchema>;
export type Highlight = z.output<typeof highlightSchema>;
export type FacetCounts = z.output<typeof facetCountsSchema>;
export type SearchMode = NonNullable<SearchRequest["mode"]>;
/** Modes of an answer: `browse` without anything to search for. */
export type AnswerMode = SearchResponse["mode"];
export type Group = z.output<typeof groupSchema>;
export type Total = z.output<typeof totalSchema>;
export type Include = SearchRequest["include"][number];
export type Explanation = z.output<typeof explanationSchema>;
export type DidYouMean = z.output<typeof didYouMeanSchema>;
export type Rule = Explanation["rules"][number];
