import * as z from "zod/mini";
import { MAX_ID_LENGTH, MAX_INDEXES, MAX_QUERY_LENGTH, SEARCH_MODES } from "../../core/search/schema.ts";

/** Hits of a tool at most: an agent's context holds no more. */
const MAX_HITS = 20;
const DEFAULT_HITS = 5;
/** Sections of the same page that are read on each side. */
const MAX_NEIGHBOURS = 5;

const index = z
  .optional(z.string().check(z.minLength(1), z.maxLength(100)))
  .check(z.meta({ description: "Name of the index." }));

const k = z
  ._default(z.int().check(z.minimum(1), z.maximum(MAX_HITS)), DEFAULT_HITS)
  .check(z.meta({ description: "Hits wanted." }));

const filter = z.optional(z.unknown()).check(
  z.meta({
    description:
      'Condition on the documents\' metadata, such as {"lang": "en"} or {"year": {"gte": 2020}}: eq ne in nin lt lte gt gte exists, combined by and, or, not.',
    type: "object",
    additionalProperties: true,
  }),
);

const id = z
  .string()
  .check(
    z.minLength(1),
    z.maxLength(MAX_ID_LENGTH),
    z.meta({ description: "Id or url of a document, as a hit gives it." }),
  );

const neighbours = z
  ._default(z.int().check(z.minimum(0), z.maximum(MAX_NEIGHBOURS)), 1)
  .check(z.meta({ description: "Sections of the same page to read before and after it." }));

export const searchInput = z.strictObject({
  query: z
    .string()
    .check(z.minLength(1), z.maxLength(MAX_QUERY_LENGTH), z.meta({ description: "Words or a question." })),
  index,
  indexes: z
    .optional(
      z
        .array(z.string().check(z.minLength(1), z.maxLength(100)))
        .check(z.minLength(1), z.maxLength(MAX_INDEXES)),
    )
    .check(z.meta({ description: "Names of several indexes to search at once." })),
  filter,
  k,
  mode: z
    .optional(z.enum(SEARCH_MODES))
    .check(
      z.meta({ description: "keyword for exact names and codes, vector for meaning alone; default: both." }),
    ),
});

export const readInput = z.strictObject({
  id,
  index,
  neighbours,
  offset: z
    ._default(z.int().check(z.minimum(0), z.maximum(0x7fff_ffff)), 0)
    .check(z.meta({ description: "Where to read on in a long document: nextOffset of the answer before." })),
});

export const similarInput = z.strictObject({ id, index, filter, k });
