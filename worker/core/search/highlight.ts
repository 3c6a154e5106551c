import type { CarriedEmbedder, Embedder } from "../embedding/types.ts";
import type { Work } from "../format/work.ts";
import type { Language } from "../keyword/languages.ts";
import type { KeywordQuery } from "../keyword/query.ts";
import type { Token } from "../keyword/tokenize.ts";
import { MAX_TEXT, readText } from "./read-text.ts";
import type { Highlight } from "./types.ts";

/** Characters of a passage, about. */
const PASSAGE_LENGTH = 240;
/** Sentences of a document that are compared with the query when no word of it occurs. */
const MAX_SENTENCES = 64;

/** Letters of a word that is not taken for common where no index tells. */
const SHORTEST = 3;

/** Terms of a query to mark where no index expands them; common ones only if there are no others. */
export function highlightTerms({ words }: Pick<KeywordQuery, "words">): ReadonlySet<string> {
  const terms = words.map(({ term }) => term);
  const telling = terms.filter((term) => !/^[a-z]+$/.test(term) || term.length >= SHORTEST);
  return new Set(telling.length > 0 ? telling : terms);
}

/**
 * The passage of a text in which most of the terms stand close together, and where: ranges are in UTF-16 code units
 * of the passage. Undefined when none of them occurs. Linear in the text.
 */
export function passageByTerms(
  text: string,
  terms: ReadonlySet<string>,
  language: Language,
  work?: Work,
): Highlight | undefined {
  const tokens = readText(text.slice(0, MAX_TEXT), language, work);
  const found = tokens.filter((token) => terms.has(token.term));
  if (found.length === 0) return undefined;
  const { start, end } = bestWindow(found);
  const [from, to] = widen(text, start, end);
  const ranges: { start: number; end: number }[] = [];
  for (const token of found) {
    if (token.start < from || token.end > to) continue;
    const last = ranges.at(-1);
    // A whole and its parts lie on top of each other.
    if (last && token.start - from < last.end) last.end = Math.max(last.end, token.end - from);
    else ranges.push({ start: token.start - from, end: token.end - from });
  }
  return { field: "pageContent", text: text.slice(from, to), offset: from, ranges };
}

/** The window of at most a passage's length that holds the most different terms, then the most occurrences; the first such. */
function bestWindow(found: readonly Token[]): { start: number; end: number } {
  const counts = new Map<string, number>();
  let best = { start: found[0]!.start, end: found[0]!.end };
  let most = 0;
  let left = 0;
  for (const [right, token] of found.entries()) {
    counts.set(token.term, (counts.get(token.term) ?? 0) + 1);
    while (token.end - found[left]!.start > PASSAGE_LENGTH && left < right) {
      const out = found[left++]!.term;
      const count = counts.get(out)! - 1;
      if (count === 0) counts.delete(out);
      else counts.set(out, count);
    }
    const value = counts.size * 1000 + (right - left);
    if (value > most) {
      most = value;
      best = { start: found[left]!.start, end: token.end };
    }
  }
  return best;
}

/** Widens a window to about a passage, its borders on blanks, without cutting a character in two. */
function widen(text: string, start: number, end: number): [number, number] {
  const spare = Math.max(0, PASSAGE_LENGTH - (end - start));
  let from = Math.max(0, start - Math.floor(spare / 3));
  let to = Math.min(text.length, from + Math.max(PASSAGE_LENGTH, end - from));
  if (to === text.length) from = Math.max(0, Math.min(from, to - PASSAGE_LENGTH));
  while (from > 0 && from < start && !isBlank(text, from - 1)) from++;
  while (to < text.length && to > end && !isBlank(text, to)) to--;
  return [whole(text, from), whole(text, to)];
}

function isBlank(text: string, at: number): boolean {
  return /\s/.test(text[at] ?? " ");
}

/** A position that is not in the middle of a surrogate pair. */
function whole(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff && at > 0 ? at - 1 : at;
}

/** Similarity of texts; some embedders have a quicker way than embedding both. */
export type Nearness = (texts: string[]) => Promise<readonly number[]>;

export function nearnessTo(query: Float32Array, embedder: Embedder | CarriedEmbedder): Nearness {
  const quick = "nearness" in embedder ? embedder.nearness?.(query) : undefined;
  if (quick) return async (texts) => texts.map(quick);
  return async (texts) => (await embedder.embedDocuments(texts)).map((vector) => cosine(query, vector));
}

/**
 * The sentence that is nearest to the query: for a hit that has none of the query's words. Worth its time with an
 * embedder that takes microseconds.
 */
export async function passageByMeaning(text: string, nearness: Nearness): Promise<Highlight> {
  const sentences = sentencesOf(text);
  let best = sentences[0];
  if (sentences.length > 1) {
    const values = await nearness(sentences.map(({ start, end }) => text.slice(start, end)));
    let most = Number.NEGATIVE_INFINITY;
    for (const [i, value] of values.entries()) {
      if (value > most) {
        most = value;
        best = sentences[i];
      }
    }
  }
  return passageAt(text, best?.start ?? 0);
}

/** A passage from `start` on, nothing marked in it. */
export function passageAt(text: string, start: number): Highlight {
  let end = Math.min(text.length, start + PASSAGE_LENGTH);
  if (end < text.length) {
    let blank = end;
    while (blank > start + PASSAGE_LENGTH / 2 && !isBlank(text, blank)) blank--;
    if (isBlank(text, blank)) end = blank;
  }
  const [from, to] = widen(text, start, end);
  return { field: "pageContent", text: text.slice(from, to), offset: from, ranges: [] };
}

function sentencesOf(text: string): { start: number; end: number }[] {
  const sentences: { start: number; end: number }[] = [];
  for (const match of text.slice(0, MAX_TEXT).matchAll(/[^.!?\n]+[.!?]*/g)) {
    if (match[0].trim() === "") continue;
    const start = match.index + match[0].length - match[0].trimStart().length;
    sentences.push({ start, end: match.index + match[0].length });
    if (sentences.length === MAX_SENTENCES) break;
  }
  return sentences;
}

function cosine(a: Float32Array, b: readonly number[]): number {
  let product = 0;
  let squares = 0;
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squares += b[i]! * b[i]!;
  }
  return squares > 0 ? product / Math.sqrt(squares) : Number.NEGATIVE_INFINITY;
}
