import type { ItemDocument } from "../../worker/core/format/meta.ts";
import { checkLanguage } from "../../worker/core/keyword/languages.ts";
import { type Token, tokenize } from "../../worker/core/keyword/tokenize.ts";

/** A query cut out of a document, and the text without it. */
export interface MadeQuery {
  readonly query: string;
  readonly rest: string;
}

/** `title`: what names the document; `lead`: its first sentence or line; `words`: some words of a sentence. */
export const QUERY_KINDS = ["title", "lead", "words"] as const;
export type QueryKind = (typeof QUERY_KINDS)[number];

const TITLE_FIELDS = ["title", "heading", "name", "subject"];
/** Nobody types more. */
const MAX_LEAD_WORDS = 16;
const MIN_REST_WORDS = 3;
const MIN_SENTENCE_WORDS = 4;

/** Cuts a query of a kind out of a document; undefined when the document is too short for it. */
export function makeQuery(
  kind: QueryKind,
  document: ItemDocument,
  language: string,
  random: () => number,
): MadeQuery | undefined {
  const { pageContent: text } = document;
  const tokens = tokenize(text, checkLanguage(language)).filter((token) => token.kind !== "whole");
  if (kind === "title") return titleQuery(document, text, tokens.length);
  const sentences = sentencesOf(text, tokens);
  if (sentences.length < 2) {
    // One sentence: its first half asks for the second.
    if (tokens.length < 2 * MIN_SENTENCE_WORDS) return undefined;
    return cut(text, tokens, tokens.slice(0, Math.min(MAX_LEAD_WORDS, tokens.length >> 1)), kind, random);
  }
  const sentence = kind === "lead" ? sentences[0]! : sentences[Math.floor(random() * sentences.length)]!;
  return cut(text, tokens, sentence, kind, random);
}

function titleQuery(document: ItemDocument, text: string, words: number): MadeQuery | undefined {
  if (words < MIN_REST_WORDS) return undefined;
  for (const field of TITLE_FIELDS) {
    const title = document.metadata[field];
    if (typeof title !== "string" || title.trim() === "" || title.length > 200) continue;
    // Many texts begin with their own title.
    const at = text.slice(0, title.length + 16).indexOf(title);
    const rest = at < 0 ? text : text.slice(at + title.length);
    return rest.trim() === "" ? undefined : { query: title, rest };
  }
  return undefined;
}

/** Cuts the whole sentence out; the query is its beginning, or some of its words. */
function cut(
  text: string,
  tokens: readonly Token[],
  sentence: readonly Token[],
  kind: QueryKind,
  random: () => number,
): MadeQuery | undefined {
  if (tokens.length - sentence.length < MIN_REST_WORDS) return undefined;
  const length = kind === "lead" ? Math.min(MAX_LEAD_WORDS, sentence.length) : 3 + Math.floor(random() * 4);
  const from = kind === "lead" ? 0 : Math.floor(random() * Math.max(1, sentence.length - length + 1));
  const words = sentence.slice(from, from + length);
  return {
    query: text.slice(words[0]!.start, words.at(-1)!.end),
    rest: `${text.slice(0, sentence[0]!.start)} ${text.slice(sentence.at(-1)!.end)}`,
  };
}

/** Words of each sentence or line; sentences of few words join the next one. */
function sentencesOf(text: string, tokens: readonly Token[]): Token[][] {
  const sentences: Token[][] = [[]];
  for (const [i, token] of tokens.entries()) {
    const between = i === 0 ? "" : text.slice(tokens[i - 1]!.end, token.start);
    const current = sentences.at(-1)!;
    if (/[.!?。！？]\s|[\n;]/.test(between) && current.length >= MIN_SENTENCE_WORDS) sentences.push([token]);
    else current.push(token);
  }
  return sentences.at(-1)!.length < MIN_SENTENCE_WORDS && sentences.length > 1
    ? sentences.slice(0, -1)
    : sentences;
}
