import * as z from "zod";
import { parseKeywordQuery } from "../../../worker/core/keyword/query.ts";

/** Limits of a curation file: a rule costs memory in every isolate. */
const MAX_ENTRIES = 10_000;
const MAX_BOOSTS = 32;
const MAX_IDS = 100;

const text = z.string().trim().min(1, "is empty").max(500);
/** Queries are compared by their words: of signs alone, or of words behind a minus, nothing is left. */
const phrase = text.refine((one) => parseKeywordQuery(one, "none").words.length > 0, "has no word");
const phrases = z.union([phrase.transform((one) => [one]), z.array(phrase).min(1).max(MAX_IDS)]);
const ids = z.union([
  z
    .string()
    .min(1)
    .transform((one) => [one]),
  z.array(z.string().min(1)).min(1).max(MAX_IDS),
]);

const synonym = z
  .strictObject({
    words: z.array(phrase).min(2, "needs two texts at least").max(MAX_IDS).optional(),
    from: phrases.optional(),
    to: phrases.optional(),
    weight: z.number().positive().max(1).default(0.7),
  })
  .refine(({ words, from, to }) => (words ? !from && !to : from && to), {
    message: "needs words (which count as each other), or from and to (one way)",
  });

const rule = z
  .strictObject({
    query: phrase.optional(),
    prefix: phrase.optional(),
    words: phrase.optional(),
    pin: ids.optional(),
    hide: ids.optional(),
  })
  .refine(
    ({ query, prefix, words }) => [query, prefix, words].filter((one) => one !== undefined).length === 1,
    { message: "needs one of query (the whole query), prefix (its beginning) and words (in any order)" },
  )
  .refine(({ pin, hide }) => pin || hide, { message: "needs pin or hide: the ids of documents" });

const value = z.union([z.string(), z.number(), z.boolean()]);
const day = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

const boost = z
  .strictObject({
    field: text,
    weight: z.number().positive().max(100).optional(),
    value: z.union([value.transform((one) => [one]), z.array(value).min(1).max(MAX_IDS)]).optional(),
    halfLife: z.number().positive().optional(),
    factor: z.number().positive().max(100).optional(),
    now: day.optional(),
  })
  .refine(
    ({ weight, value: values, halfLife }) =>
      [weight, values, halfLife].filter((one) => one !== undefined).length === 1,
    { message: "needs one of weight (of words in the field), value and halfLife (days)" },
  )
  .refine(({ weight, factor }) => (weight === undefined) === (factor !== undefined), {
    message: "needs factor with value and halfLife, and takes none with weight",
  })
  .refine(({ now, halfLife }) => now === undefined || halfLife !== undefined, {
    message: "takes now with halfLife alone",
  });

export const curationSchema = z.strictObject({
  synonyms: z.array(synonym).max(MAX_ENTRIES).default([]),
  rules: z.array(rule).max(MAX_ENTRIES).default([]),
  boosts: z.array(boost).max(MAX_BOOSTS).default([]),
});

/** A curation as it is written. */
export type CurationInput = z.input<typeof curationSchema>;
export type ParsedCuration = z.output<typeof curationSchema>;
