import type { Work } from "../format/work.ts";
import type { Language } from "../keyword/languages.ts";
import { containsPhrase, type KeywordQuery, termsInOrder } from "../keyword/query.ts";
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

/**
 * Whether a document's text keeps what the phrases of a query demand. Asked only where the index has no positions.
 * Undefined when the query has no phrases of several words.
 */
export function phraseCheck(
  language: Language,
  { phrases, excludedPhrases }: KeywordQuery,
  work?: Work,
): ((text: string) => boolean) | undefined {
  const wanted = phrases.filter((phrase) => phrase.length > 1);
  const unwanted = excludedPhrases.map(({ phrase }) => phrase).filter((phrase) => phrase.length > 1);
  if (wanted.length === 0 && unwanted.length === 0) return undefined;
  return (document) => {
    const terms = termsInOrder(readText(document, language, work));
    return (
      wanted.every((phrase) => containsPhrase(terms, phrase)) &&
      !unwanted.some((phrase) => containsPhrase(terms, phrase))
    );
  };
}
