import * as z from "zod/mini";
import { described, text, whole } from "../../core/search/described.ts";
import { MAX_ID_LENGTH, MAX_INDEXES, MAX_QUERY_LENGTH, SEARCH_MODES } from "../../core/search/schema.ts";

/** Hits of a tool at most: an agent's context holds no more. */
const MAX_HITS = 20;
const DEFAULT_HITS = 5;
/** Sections of the same page that are read on each side. */
const MAX_NEIGHBOURS = 5;

const index = described("Name of the index.", z.optional(text(100)));

const k = described("Hits wanted.", z._default(whole(1, MAX_HITS), DEFAULT_HITS));

const filter = described(
  'Condition on the documents\' metadata, such as {"lang": "en"} or {"year": {"gte": 2020}}: eq ne in nin lt lte gt gte exists, combined by and, or, not.',
  z.optional(z.unknown()),
  { type: "object", additionalProperties: true },
);

const id = described("Id or url of a document, as a hit gives it.", text(MAX_ID_LENGTH));

const neighbours = described(
  "Sections of the same page to read before and after it.",
  z._default(whole(0, MAX_NEIGHBOURS), 1),
);

export const searchInput = z.strictObject({
  query: described("Words or a question.", text(MAX_QUERY_LENGTH)),
  index,
  indexes: described(
    "Names of several indexes to search at once.",
    z.optional(z.array(text(100)).check(z.minLength(1), z.maxLength(MAX_INDEXES))),
  ),
  filter,
  k,
  mode: described(
    "keyword for exact names and codes, vector for meaning alone; default: both.",
    z.optional(z.enum(SEARCH_MODES)),
  ),
});

export const readInput = z.strictObject({
  id,
  index,
  neighbours,
  offset: described(
    "Where to read on in a long document: nextOffset of the answer before.",
    z._default(whole(0, 0x7fff_ffff), 0),
  ),
});

export const similarInput = z.strictObject({ id, index, filter, k });
