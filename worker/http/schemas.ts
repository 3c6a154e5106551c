import * as z from "zod/mini";
import { CODECS, FOREST_KINDS, METRICS } from "../core/format/constants.ts";
import {
  batchRequestSchema,
  batchResponseSchema,
  documentSchema,
  hitSchema,
  searchRequestSchema,
  searchResponseSchema,
} from "../core/search/schema.ts";
import { suggestionSchema } from "../core/search/words/suggest-schema.ts";

/** Shapes of the HTTP contract beside those of a search. Types and `openapi.json` come from here. */

const versioned = {
  index: z.string().check(z.meta({ description: "Name of the index." })),
  version: z
    .string()
    .check(z.meta({ description: "The version that everything in this answer comes from." })),
};

const time = z.nullable(z.string()).check(z.meta({ description: "ISO 8601, UTC." }));

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
  vector: z
    .readonly(z.array(z.number()))
    .check(z.meta({ description: "The stored vector, as the index's codec kept it." })),
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
  suggestions: z.readonly(z.array(suggestionSchema)).check(z.meta({ description: "Best first." })),
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
  items: z.int().check(z.meta({ description: "Items that have a vector." })),
  trees: z.int(),
  codec: z.enum(CODECS),
  kind: z.enum(FOREST_KINDS),
  hotBytes: z.int().check(z.meta({ description: "Bytes of the file that a query needs in memory." })),
  fileBytes: z.int(),
  searchable: z
    .object({ text: z.boolean(), keyword: z.boolean(), filter: z.boolean() })
    .check(z.meta({ description: "What the index can answer beside vectors, items and ids." })),
  certified: z
    .object({
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
      rows: z.readonly(z.array(certifiedRowSchema)),
    })
    .check(z.meta({ description: "Recall against exact search, measured when the index was built." })),
  shards: z
    .optional(
      z.object({
        count: z.int(),
        partition: z.enum(["clusters", "random"]),
        probes: z
          .int()
          .check(z.meta({ description: "Nearest centroids whose shards are asked by default." })),
        hotBytes: z.int().check(z.meta({ description: "Of all shards together." })),
        largestHotBytes: z.int(),
      }),
    )
    .check(z.meta({ description: "How the items are cut into shards; absent when they are not." })),
  changes: z
    .optional(
      z.object({
        base: z.string().check(z.meta({ description: "Version of the base." })),
        added: z.int().check(z.meta({ description: "Documents on top: new ones, and replacements." })),
        removed: z.int().check(z.meta({ description: "Documents of the base that are gone or replaced." })),
        drift: z
          .object({
            changed: z.number(),
            unknownWords: z.optional(z.number()),
            distance: z.optional(z.number()),
          })
          .check(
            z.meta({
              description:
                "How badly the changes fit the base: added and removed documents in parts of it, the share of words that it does not know, and how far added vectors lie from it, in parts of how far its own lie from each other.",
            }),
          ),
      }),
    )
    .check(z.meta({ description: "Changes on top of a base; absent in an index that was built whole." })),
  manifest: z
    .readonly(z.record(z.string(), z.unknown()))
    .check(z.meta({ description: "`manifest.json` of the version, as it was published." })),
});

export const healthResponseSchema = z.object({
  status: z.enum(["ok", "idle", "degraded"]).check(
    z.meta({
      description:
        "ok: an index is loaded. idle: nothing is loaded yet, the first search will. degraded: the last look at the pointer or the last load failed; what is loaded answers.",
    }),
  ),
  index: z.string(),
  version: z.nullable(z.string()).check(z.meta({ description: "What answers; null before the first load." })),
  wanted: z.nullable(z.string()).check(z.meta({ description: "What the pointer names." })),
  publishedAt: time,
  loadedAt: time,
  ageSeconds: z.nullable(z.number()).check(z.meta({ description: "Since the version was loaded." })),
  checkedAt: time,
  memoryBytes: z
    .int()
    .check(z.meta({ description: "Bytes of artifacts and of documents in this isolate's memory." })),
  shards: z
    .int()
    .check(z.meta({ description: "Shards that hold the items, in other objects' memory; 0: none do." })),
  lastError: z.nullable(z.object({ code: z.string(), message: z.string(), at: z.string() })),
});

export const indexesResponseSchema = z.object({
  indexes: z
    .readonly(
      z.array(
        z.object({
          index: z.string(),
          version: z
            .nullable(z.string())
            .check(z.meta({ description: "What this isolate has loaded; null: nothing." })),
          publishedAt: time,
          memoryBytes: z.int().check(z.meta({ description: "Bytes of its artifacts in memory." })),
        }),
      ),
    )
    .check(z.meta({ description: "The published indexes that are served, the first one first." })),
  memoryBytes: z
    .int()
    .check(z.meta({ description: "Bytes of all artifacts and documents in this isolate's memory." })),
});

export const warmUpResponseSchema = z.object({
  ...versioned,
  waitedMs: z.number().check(z.meta({ description: "What the index's loading took; 0 when it was there." })),
  memoryBytes: z
    .int()
    .check(z.meta({ description: "Bytes of artifacts and of documents in this isolate's memory." })),
  shards: z
    .optional(z.object({ asked: z.int(), answered: z.int() }))
    .check(z.meta({ description: "Shards that were asked to load, and those that have." })),
});

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string().check(z.meta({ description: "Stable; made for programs." })),
    errors: z.optional(
      z
        .array(z.object({ field: z.string(), code: z.string(), message: z.string() }))
        .check(z.meta({ description: "Every fault of the request, each with its field." })),
    ),
  })
  .check(z.meta({ description: "Problem details (RFC 9457)." }));

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
export type HealthResponse = z.output<typeof healthResponseSchema>;
