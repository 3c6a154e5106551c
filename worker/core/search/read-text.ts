import type { Work } from "../format/work.ts";
import type { Language } from "../keyword/languages.ts";
import { type Token, tokenize } from "../keyword/tokenize.ts";

/** A document longer than this is read in its beginning only, by highlights and explanations. UTF-16 code units. */
export const MAX_TEXT = 50_000;

/** Work of cutting a text into words, in nanoseconds: a character, a word. */
const CHARACTER_NS = 100;
const TOKEN_NS = 500;

/** Cuts a document's text into words, and counts the work. @throws SearchError `TOO_MUCH_WORK` */
export function readText(text: string, language: Language, work: Work | undefined): Token[] {
  work?.spend("passages", text.length * CHARACTER_NS);
  const tokens = tokenize(text, language);
  work?.spend("passages", tokens.length * TOKEN_NS);
  return tokens;
}
