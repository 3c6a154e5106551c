import * as z from "zod/mini";

export const MAX_SUGGESTIONS = 20;
export const DEFAULT_SUGGESTIONS = 5;
/** Characters of a text to complete. */
export const MAX_SUGGEST_LENGTH = 200;

export const suggestRequestSchema = z
  .strictObject({
    query: z
      .string()
      .check(z.minLength(1), z.maxLength(MAX_SUGGEST_LENGTH))
      .check(z.meta({ description: "Text to complete." })),
    k: z
      ._default(z.int().check(z.minimum(1), z.maximum(MAX_SUGGESTIONS)), DEFAULT_SUGGESTIONS)
      .check(z.meta({ description: `Suggestions wanted. Default ${DEFAULT_SUGGESTIONS}.` })),
    filter: z.optional(z.unknown()),
  })
  .check(z.meta({ description: "A text to complete." }));

export const suggestionSchema = z.object({
  text: z.string().check(z.meta({ description: "A query." })),
  kind: z.enum(["title", "phrase"]).check(
    z.meta({
      description:
        "title: of a document, as it stands there. phrase: words that documents have, in lower case.",
    }),
  ),
  id: z
    .optional(z.string())
    .check(z.meta({ description: "Docstore id of a document with the title; kind title." })),
  documents: z
    .optional(z.int())
    .check(z.meta({ description: "Documents that hold the phrase; kind phrase." })),
});

export type SuggestInput = z.input<typeof suggestRequestSchema>;
export type SuggestRequest = z.output<typeof suggestRequestSchema>;
export type Suggestion = z.output<typeof suggestionSchema>;
