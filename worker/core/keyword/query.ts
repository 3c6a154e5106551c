import type { Language } from "./languages.ts";
import { type Token, tokenize } from "./tokenize.ts";

/** The text of a query, taken apart: plain data. */
export interface KeywordQuery {
  /** Search as you type: the last word may be the beginning of one. An unknown last word is completed anyway. */
  readonly prefix: boolean;
  /** Words outside and inside quotes, in order; what is scored. */
  readonly words: readonly QueryWord[];
  /** Quoted texts: each must stand in a hit as it is, in this order. */
  readonly phrases: readonly (readonly string[])[];
  /** Words behind a minus: no hit holds them or a word of the same stem. */
  readonly excluded: readonly Token[];
  /** Quoted texts (and tokens of several parts) behind a minus. */
  readonly excludedPhrases: readonly (readonly string[])[];
}

export interface QueryWord extends Token {
  /** From quotes: found exactly as written or not at all. */
  readonly exact: boolean;
  /** The last word of a query that does not end in a blank: its writer may not be done with it. */
  readonly unfinished: boolean;
}

/** Bounds the work of a query, whatever its length: words beyond these are ignored. */
export const MAX_QUERY_WORDS = 128;
export const MAX_QUERY_PHRASES = 8;
export const MAX_PHRASE_WORDS = 32;

/** `-"some words"`, `-word`, `"some words"`. A minus counts at the beginning of a word, once: `--flag` is a word. */
const OPERATOR = /(?<=^|\s)-(?:["“„]([^"“”]*)["”]|(?![-\s"“„])(\S+))|["“„]([^"“”]*)["”]/gu;

/** Takes a query apart. Never fails: what is no operator is words, an unclosed quote included. */
export function parseKeywordQuery(text: string, language: Language, prefix = false): KeywordQuery {
  const words: QueryWord[] = [];
  const phrases: string[][] = [];
  const excluded: Token[] = [];
  const excludedPhrases: string[][] = [];
  let at = 0;
  const plain = (until: number) => {
    for (const token of tokenize(text.slice(at, until), language)) {
      words.push({ ...token, exact: false, unfinished: at + token.end === text.length });
    }
  };
  for (const match of text.matchAll(OPERATOR)) {
    plain(match.index);
    at = match.index + match[0].length;
    const [, notQuoted, notWord, quoted] = match;
    const tokens = tokenize(quoted ?? notQuoted ?? notWord ?? "", language);
    const phrase = phraseOf(tokens);
    if (phrase.length === 0) continue;
    if (quoted !== undefined) {
      addPhrase(phrases, phrase);
      for (const token of tokens) words.push({ ...token, exact: true, unfinished: false });
    } else if (notWord !== undefined && phrase.length === 1) {
      if (excluded.length < MAX_QUERY_PHRASES) excluded.push(tokens[0]!);
    } else {
      addPhrase(excludedPhrases, phrase);
    }
  }
  plain(text.length);
  return { prefix, words: words.slice(0, MAX_QUERY_WORDS), phrases, excluded, excludedPhrases };
}

function addPhrase(phrases: string[][], phrase: string[]): void {
  const text = phrase.join(" ");
  if (phrases.length >= MAX_QUERY_PHRASES || phrases.some((known) => known.join(" ") === text)) return;
  phrases.push(phrase);
}

/** The terms of a text that follow one another: wholes stand beside their parts and are left out. */
export function phraseOf(tokens: readonly Token[]): string[] {
  return tokens
    .filter((token) => token.kind !== "whole")
    .slice(0, MAX_PHRASE_WORDS)
    .map((token) => token.term);
}

/** Whether the text holds the phrase, word by word. For indexes without positions. */
export function containsPhrase(text: string, phrase: readonly string[], language: Language): boolean {
  const terms = tokenize(text, language).filter((token) => token.kind !== "whole");
  for (let i = 0; i + phrase.length <= terms.length; i++) {
    if (phrase.every((term, j) => terms[i + j]!.term === term)) return true;
  }
  return phrase.length === 0;
}
