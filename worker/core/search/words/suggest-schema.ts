import * as z from "zod/mini";
import { described, text, whole } from "../described.ts";

export const MAX_SUGGESTIONS = 20;
export const DEFAULT_SUGGESTIONS = 5;
/** Characters of a text to complete. */
export const MAX_SUGGEST_LENGTH = 200;

export const suggestRequestSchema = described(
  "A text to complete.",
  z.strictObject({
    query: described("Text to complete.", text(MAX_SUGGEST_LENGTH)),
    k: described(
      `Suggestions wanted. Default ${DEFAULT_SUGGESTIONS}.`,
      z._default(whole(1, MAX_SUGGESTIONS), DEFAULT_SUGGESTIONS),
    ),
    filter: z.optional(z.unknown()),
  }),
);

export const suggestionSchema = z.object({
  text: described("A query.", z.string()),
  kind: described(
    "title: of a document, as it stands there. phrase: words that documents have, in lower case.",
    z.enum(["title", "phrase"]),
  ),
  id: described("Docstore id of a document with the title; kind title.", z.optional(z.string())),
  documents: described("Documents that hold the phrase; kind phrase.", z.optional(z.int())),
});

export type SuggestInput = z.input<typeof suggestRequestSchema>;
export type SuggestRequest = z.output<typeof suggestRequestSchema>;
export type Suggestion = z.output<typeof suggestionSchema>;
