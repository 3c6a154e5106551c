import * as z from "zod/mini";
import { CODECS, FOREST_KINDS, METRICS } from "../core/format/constants.ts";
import { described, list } from "../core/search/described.ts";
import {
  batchResponseSchema,
  documentSchema,
  hitSchema,
  searchResponseSchema,
} from "../core/search/response-schema.ts";
import { batchRequestSchema, searchRequestSchema } from "../core/search/schema.ts";
import { suggestionSchema } from "../core/search/words/suggest-schema.ts";

/** Shapes of the HTTP contract beside those of a search. Types and `openapi.json` come from here. */

const versioned = {
  index: described("Name of the index.", z.string()),
  version: described("The version that everything in this answer comes from.", z.string()),
};

const time = described("ISO 8601, UTC.", z.nullable(z.string()));

export const documentResponseSchema = z.object({
  ...versioned,
  item: z.int().check(z.minimum(0)),
  id: z.string(),
  pageContent: documentSchema.shape.pageContent,
  metadata: documentSchema.shape.metadata,
});

export const itemResponseSchema = z.object({
  ...versioned,
  item: z.int().check(z.minimum(0)),
  id: z.string(),
  vector: described("The stored vector, as the index's codec kept it.", list(z.number())),
  document: z.optional(documentSchema),
});

export const distanceResponseSchema = z.object({
  ...versioned,
  metric: z.enum(METRICS),
  i: z.int().check(z.minimum(0)),
  j: z.int().check(z.minimum(0)),
  distance: z.number(),
});

export const suggestResponseSchema = z.object({
  ...versioned,
  suggestions: described("Best first.", list(suggestionSchema)),
});

const certifiedRowSchema = z.object({
  searchK: z.int(),
  recallAt1: z.number(),
  recallAt10: z.number(),
  recallAt100: z.number(),
  candidates: z.number(),
  scored: z.number(),
});

export const indexResponseSchema = z.object({
  ...versioned,
  metric: z.enum(METRICS),
  dimensions: z.int(),
  items: described("Items that have a vector.", z.int()),
  trees: z.int(),
  codec: z.enum(CODECS),
  kind: z.enum(FOREST_KINDS),
  hotBytes: described(
    "Bytes of the file that a query needs in memory; of a base and its changes together, without shards.",
    z.int(),
  ),
  fileBytes: described("Bytes of the file, of a base and its changes together.", z.int()),
  searchable: described(
    "What the index can answer beside vectors, items and ids.",
    z.object({ text: z.boolean(), keyword: z.boolean(), filter: z.boolean() }),
  ),
  certified: described(
    "Recall against exact search, measured when the index was built.",
    z.object({
      target: z.number(),
      queries: z.int(),
      choosingQueries: z.optional(z.int()),
      met: z.optional(z.boolean()),
      heldOut: z.boolean(),
      defaultSearchK: z.int(),
      recallAt1: z.number(),
      recallAt10: z.number(),
      recallAt100: z.number(),
      texts: z.optional(z.object({ queries: z.int(), recallAt10: z.number() })),
      rows: list(certifiedRowSchema),
    }),
  ),
  shards: described(
    "How the items are cut into shards; absent when they are not.",
    z.optional(
      z.object({
        count: z.int(),
        partition: z.enum(["clusters", "random"]),
        probes: described("Nearest centroids whose shards are asked by default.", z.int()),
        hotBytes: described("Of all shards together.", z.int()),
        largestHotBytes: z.int(),
      }),
    ),
  ),
  changes: described(
    "Changes on top of a base; absent in an index that was built whole.",
    z.optional(
      z.object({
        base: described("Version of the base.", z.string()),
        added: described("Documents on top: new ones, and replacements.", z.int()),
        removed: described("Documents of the base that are gone or replaced.", z.int()),
        drift: described(
          "How badly the changes fit the base: added and removed documents in parts of it, the share of words that it does not know, and how far added vectors lie from it, in parts of how far its own lie from each other.",
          z.object({
            changed: z.number(),
            unknownWords: z.optional(z.number()),
            distance: z.optional(z.number()),
          }),
        ),
      }),
    ),
  ),
  manifest: described(
    "`manifest.json` of the version, as it was published.",
    z.readonly(z.record(z.string(), z.unknown())),
  ),
});

export const healthResponseSchema = z.object({
  status: described(
    "ok: an index is loaded. idle: nothing is loaded yet, the first search will. degraded: the last look at the pointer or the last load failed; what is loaded answers.",
    z.enum(["ok", "idle", "degraded"]),
  ),
  index: z.string(),
  version: described("What answers; null before the first load.", z.nullable(z.string())),
  wanted: described("What the pointer names.", z.nullable(z.string())),
  publishedAt: time,
  loadedAt: time,
  ageSeconds: described("Since the version was loaded.", z.nullable(z.number())),
  checkedAt: time,
  memoryBytes: described("Bytes of artifacts and of documents in this isolate's memory.", z.int()),
  shards: described("Shards that hold the items, in other objects' memory; 0: none do.", z.int()),
  lastError: z.nullable(z.object({ code: z.string(), message: z.string(), at: z.string() })),
});

export const indexesResponseSchema = z.object({
  indexes: described(
    "The published indexes that are served, the first one first.",
    list(
      z.object({
        index: z.string(),
        version: described("What this isolate has loaded; null: nothing.", z.nullable(z.string())),
        publishedAt: time,
        memoryBytes: described("Bytes of its artifacts in memory.", z.int()),
      }),
    ),
  ),
  memoryBytes: described("Bytes of all artifacts and documents in this isolate's memory.", z.int()),
});

export const warmUpResponseSchema = z.object({
  ...versioned,
  waitedMs: described("What the index's loading took; 0 when it was there.", z.number()),
  memoryBytes: described("Bytes of artifacts and of documents in this isolate's memory.", z.int()),
  shards: described(
    "Shards that were asked to load, and those that have.",
    z.optional(z.object({ asked: z.int(), answered: z.int() })),
  ),
});

export const problemSchema = described(
  "Problem details (RFC 9457).",
  z.object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: described("Stable; made for programs.", z.string()),
    errors: z.optional(
      described(
        "Every fault of the request, each with its field.",
        z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })),
      ),
    ),
  }),
);

/** The schemas of `components/schemas`, by name. */
export const NAMED_SCHEMAS = {
  SearchRequest: searchRequestSchema,
  SearchResponse: searchResponseSchema,
  BatchRequest: batchRequestSchema,
  BatchResponse: batchResponseSchema,
  Hit: hitSchema,
  Document: documentSchema,
  DocumentResponse: documentResponseSchema,
  ItemResponse: itemResponseSchema,
  DistanceResponse: distanceResponseSchema,
  SuggestResponse: suggestResponseSchema,
  IndexResponse: indexResponseSchema,
  HealthResponse: healthResponseSchema,
  WarmUpResponse: warmUpResponseSchema,
  IndexesResponse: indexesResponseSchema,
  Problem: problemSchema,
} as const;
export type SchemaName = keyof typeof NAMED_SCHEMAS;

export type DocumentResponse = z.output<typeof documentResponseSchema>;
export type ItemResponse = z.output<typeof itemResponseSchema>;
export type DistanceResponse = z.output<typeof distanceResponseSchema>;
export type SuggestResponse = z.output<typeof suggestResponseSchema>;
export type IndexResponse = z.output<typeof indexResponseSchema>;
export type IndexesResponse = z.output<typeof indexesResponseSchema>;
export type WarmUpResponse = z.output<typeof warmUpResponseSchema>;
export type Problem = z.output<typeof problemSchema>;
export type HealthResponse = z.output<typeof healthResponseSchema>;
