import type { Language } from "./languages.ts";
import { isSigned, type Token, tokenize } from "./tokenize.ts";

/** The text of a query, taken apart: plain data. */
export interface KeywordQuery {
  /** Search as you type: the last word may be the beginning of one. An unknown last word is completed anyway. */
  readonly prefix: boolean;
  /** Different words outside and inside quotes, in order; what is scored. */
  readonly words: readonly QueryWord[];
  /** Quoted texts: each must stand in a hit as it is, in this order. */
  readonly phrases: readonly (readonly string[])[];
  /** Words behind a minus: no hit holds them or a word of the same stem. */
  readonly excluded: readonly ExcludedWord[];
  /** Quoted texts behind a minus, and words of several parts. */
  readonly excludedPhrases: readonly ExcludedPhrase[];
  /** Texts that count as words of the query. */
  readonly synonyms?: readonly Synonym[];
}

/** A text that counts as words of the query: plain data. */
export interface Synonym {
  /** Place of the words in the query. */
  readonly start: number;
  readonly end: number;
  /** The words as the rule has them. */
  readonly from: string;
  /** Words that are searched for as well. */
  readonly to: string;
  readonly words: readonly Pick<Token, "term" | "word">[];
  /** Weight against the words themselves. */
  readonly weight: number;
}

/** Text behind a minus, which may be an option of a command line: `tar -xzf`. It is one where a document has it so. */
interface Signed {
  /** The term with its minus; absent for quoted texts. */
  readonly sign?: string | undefined;
  /** Word that is searched for if it is an option. */
  readonly words: readonly QueryWord[];
  /** Place in the query, its minus included. */
  readonly start: number;
  readonly end: number;
}

export interface ExcludedWord extends Signed {
  readonly token: Token;
}

export interface ExcludedPhrase extends Signed {
  readonly phrase: readonly string[];
}

export interface QueryWord extends Token {
  /** Occurrences in the query. */
  readonly times: number;
  /** From quotes: found exactly as written or not at all. */
  readonly exact: boolean;
  /** The last word of a query that does not end in a blank: its writer may not be done with it. */
  readonly unfinished: boolean;
}

/** Different words that are read of a query, whatever its length: more than the longest request has. */
const MAX_WORDS_READ = 2048;
/** Words that are searched for: of more, those that the fewest documents hold. */
export const MAX_QUERY_WORDS = 128;
export const MAX_QUERY_PHRASES = 8;
export const MAX_PHRASE_WORDS = 32;

/** "English", „German“ and «French» quotes. */
const QUOTED = '["“][^"“„”]*["”]|„[^"“„”]*["“”]|«[^«»]*»';
/** `-"some words"`, `-word`, `"some words"`. A minus counts at the beginning of a word, once: `--flag` is a word. */
const OPERATOR = new RegExp(`(?<=^|\\s)-(?:(${QUOTED})|(?![-\\s"“„«])(\\S+))|(${QUOTED})`, "gu");
/** Text behind a minus that excludes nothing: options of one or two letters, and numbers below zero. */
const NEVER_EXCLUDED = /^(?:[a-z]{1,2}|\p{N}.*)$/iu;

/** Takes a query apart. Never fails: what is no operator is words, an unclosed quote included. */
export function parseKeywordQuery(text: string, language: Language, prefix = false): KeywordQuery {
  const words: QueryWord[] = [];
  const phrases: string[][] = [];
  const excluded: ExcludedWord[] = [];
  const excludedPhrases: ExcludedPhrase[] = [];
  let at = 0;
  const plainWords = (from: number, until: number): QueryWord[] =>
    tokenize(text.slice(from, until), language).map((token) => ({
      ...token,
      start: from + token.start,
      end: from + token.end,
      times: 1,
      exact: false,
      unfinished: from + token.end === text.length,
    }));
  for (const match of text.matchAll(OPERATOR)) {
    const [whole, notQuoted, notWord, quoted] = match;
    if (notWord !== undefined && NEVER_EXCLUDED.test(notWord)) continue;
    words.push(...plainWords(at, match.index));
    at = match.index + whole.length;
    const tokens = tokenize((quoted ?? notQuoted)?.slice(1, -1) ?? notWord ?? "", language);
    const phrase = phraseOf(tokens);
    if (phrase.length === 0) continue;
    if (quoted !== undefined) {
      addPhrase(phrases, phrase);
      const start = match.index + 1;
      for (const token of tokens) {
        words.push({
          ...token,
          start: start + token.start,
          end: start + token.end,
          times: 1,
          exact: true,
          unfinished: false,
        });
      }
      continue;
    }
    const own = notWord === undefined ? [] : plainWords(match.index, at);
    const sign = own.find(({ term }) => isSigned(term))?.term;
    const place = { sign, words: own, start: match.index, end: match.index + whole.length };
    if (notWord !== undefined && phrase.length === 1) {
      if (excluded.length < MAX_QUERY_PHRASES) excluded.push({ token: tokens[0]!, ...place });
    } else if (excludedPhrases.length < MAX_QUERY_PHRASES) {
      excludedPhrases.push({ phrase, ...place });
    }
  }
  words.push(...plainWords(at, text.length));
  return { prefix, words: distinct(words), phrases, excluded, excludedPhrases };
}

/** Each word once, with how often it is there. */
function distinct(words: readonly QueryWord[]): QueryWord[] {
  const byTerm = new Map<string, QueryWord>();
  for (const word of words) {
    const key = word.exact ? `"${word.term}` : word.term;
    const known = byTerm.get(key);
    if (known) byTerm.set(key, { ...known, times: known.times + word.times });
    else if (byTerm.size < MAX_WORDS_READ) byTerm.set(key, word);
  }
  return [...byTerm.values()];
}

/**
 * The query for documents that know some of its options: what stands behind a minus is searched for, and not excluded,
 * where a document has it with its minus.
 */
export function withOptions(query: KeywordQuery, isKnown: (term: string) => boolean): KeywordQuery {
  const isOption = ({ sign }: Signed) => sign !== undefined && isKnown(sign);
  const options = [...query.excluded, ...query.excludedPhrases].filter(isOption);
  if (options.length === 0) return query;
  return {
    ...query,
    words: distinct([...query.words, ...options.flatMap(({ words }) => words)]),
    excluded: query.excluded.filter((part) => !isOption(part)),
    excludedPhrases: query.excludedPhrases.filter((part) => !isOption(part)),
  };
}

/** The text without what the query excludes: what an embedder should understand. */
export function withoutExclusions(text: string, { excluded, excludedPhrases }: KeywordQuery): string {
  let rest = "";
  let at = 0;
  for (const { start, end } of [...excluded, ...excludedPhrases].sort((a, b) => a.start - b.start)) {
    rest += `${text.slice(at, start)} `;
    at = end;
  }
  return (rest + text.slice(at)).trim();
}

/** The query without its quotes: their words count like others, inflected and misspelled. */
export function withoutPhrases(query: KeywordQuery): KeywordQuery {
  return { ...query, phrases: [], words: distinct(query.words.map((word) => ({ ...word, exact: false }))) };
}

function addPhrase(phrases: string[][], phrase: string[]): void {
  const text = phrase.join(" ");
  if (phrases.length >= MAX_QUERY_PHRASES || phrases.some((known) => known.join(" ") === text)) return;
  phrases.push(phrase);
}

/** The terms of a phrase, in order; wholes of identifiers are left out, because their parts are there. */
export function phraseOf(tokens: readonly Token[]): string[] {
  return termsInOrder(tokens).slice(0, MAX_PHRASE_WORDS);
}

export function termsInOrder(tokens: readonly Token[]): string[] {
  return tokens.filter(({ kind }) => kind !== "whole").map(({ term }) => term);
}

/** Whether the terms of a text in order hold the phrase, word by word. For indexes without positions. */
export function containsPhrase(terms: readonly string[], phrase: readonly string[]): boolean {
  for (let i = 0; i + phrase.length <= terms.length; i++) {
    if (phrase.every((term, j) => terms[i + j] === term)) return true;
  }
  return phrase.length === 0;
}
