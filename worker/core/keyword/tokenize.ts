// biome-ignore-all lint/complexity/useMaxParams: called for every token: an object for each call would be allocated.
import type { Language } from "./languages.ts";
import { normalizeRun } from "./normalize.ts";

/**
 * One term of a text. A token such as `getElementById`, `x-forwarded-for` or `node.js` gives its parts one after the
 * other, and then the whole, joined (`getelementbyid`), at the position of its first part. An option or a number below zero
 * (`--force`, `-5`) gives what it would without its sign, and then a whole with it.
 */
export interface Token {
  /** Lower case and folded: what the dictionary holds. */
  readonly term: string;
  /** Lower case, accents kept: what the stemmer wants. */
  readonly word: string;
  readonly position: number;
  /** Start in the text, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  /** `atom`: a token of one part. A whole stands for the parts before it. */
  readonly kind: "atom" | "part" | "whole";
}

/** Terms longer than this many code units are cut here: they are mostly encoded data. */
export const MAX_TERM_LENGTH = 64;

const ASCII = /^[\0-\x7f]*$/;
const ASCII_RUN = /[A-Za-z0-9]+(?:['._-][A-Za-z0-9]+)*(?:[+#]{1,2})?/g;
/** Letters, marks and numbers; characters that are ignored within words; and forms of them all that are made for Chinese and Japanese. */
const WORD = "[\\p{L}\\p{N}\\p{M}\\p{Default_Ignorable_Code_Point}\\u20e3\\u2103\\u2109\\u3200-\\u33ff]";
/** Emoji are words; characters below U+2300 such as © are none. */
const EMOJI = "\\p{RI}{2}|(?![\\0-\\u22ff])\\p{Extended_Pictographic}";
const RUN = new RegExp(
  `${WORD}+(?:['’._\\-\\u2010\\u2011\uff07\uff0e\uff3f\uff0d]${WORD}+)*(?:[+#\uff0b\uff03]{1,2})?|${EMOJI}`,
  "gu",
);
const SEPARATOR = /['’._\-\u2010\u2011]/;
/** `fooBar`, `XMLHttp`; but `PDFs` and `DNAs` are plurals. */
const CAMEL = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;
const PLURAL_OF_CAPITALS = /^\p{Lu}{2,}s$/u;
const MIXED_CASE = /\p{Lu}/u;
/** Scripts that are written without blanks are indexed by pairs of characters. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const UNSPACED_RUNS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u30fc\p{M}]+|[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u30fc]+/gu;
const CONTRACTION = /(?:n['’]t|['’](?:re|ll|ve|d|m))$/i;
const POSSESSIVE = /['’]s$/i;
const APOSTROPHE = /['’]/g;

const LETTERS_BEYOND_MARKS: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  þ: "th",
  ł: "l",
  ħ: "h",
  ı: "i",
  ё: "е",
};
const BEYOND_MARKS = /[ßæœøđðþłħıё]/g;
const LATIN_MARKS = /([\p{Script=Latin}\p{Script=Greek}])[\u0300-\u036f]+/gu;
/** Hebrew points and Arabic vowel signs, which are optional in writing. */
const OPTIONAL_MARKS = /[\u0591-\u05c7\u064b-\u065f\u0670]/g;

/** Folds a lower-case word: `café` is `cafe`, `straße` is `strasse`. Cyrillic `й` and Indic vowels stay. */
export function foldWord(word: string): string {
  if (ASCII.test(word)) return word;
  return word
    .normalize("NFKD")
    .replace(LATIN_MARKS, "$1")
    .replace(OPTIONAL_MARKS, "")
    .normalize("NFC")
    .replace(BEYOND_MARKS, (letter) => LETTERS_BEYOND_MARKS[letter]!);
}

function lower(text: string): string {
  // Compatibility forms (full width, ligatures) become plain ones; a dotted capital I loses its dot when folded.
  return ASCII.test(text) ? text.toLowerCase() : text.normalize("NFKC").toLowerCase();
}

const PLAIN_WORD = /^[A-Z]?[a-z0-9]*$/;

/** Splits a text into terms, in order. Linear in the text. */
export function tokenize(text: string, language: Language): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  if (ASCII.test(text)) {
    for (const { 0: run, index } of text.matchAll(ASCII_RUN)) {
      const first = position;
      position = addRun(tokens, run, index, position, language);
      addSigned(tokens, { text, run, index }, first, position);
    }
    return tokens;
  }
  for (const { 0: run, index } of text.matchAll(RUN)) {
    const first = position;
    position = ASCII.test(run)
      ? addRun(tokens, run, index, position, language)
      : addNormalized(tokens, run, index, position, language);
    addSigned(tokens, { text, run, index }, first, position);
  }
  return tokens;
}

/** Adds the terms of a run in its normal form, which may be several runs, at the places that they come from. */
function addNormalized(
  tokens: Token[],
  run: string,
  start: number,
  position: number,
  language: Language,
): number {
  const normalized = normalizeRun(run);
  if (!normalized) return addRun(tokens, run, start, position, language);
  const { text, starts, ends } = normalized;
  const before = tokens.length;
  let next = position;
  for (const match of text.matchAll(RUN)) next = addRun(tokens, match[0], match.index, next, language);
  for (let i = before; i < tokens.length; i++) {
    const token = tokens[i]!;
    tokens[i] = { ...token, start: start + starts[token.start]!, end: start + ends[token.end - 1]! };
  }
  return next;
}

const DASH = 0x2d;
/** The minus of mathematics. */
const MINUS = 0x2212;
/** Characters that may precede a sign. */
const BEFORE_SIGN = /[\s([{<"'“„«‹`=|,;:/]/u;

/** Adds the whole of a run behind one dash or two that nothing of a word stands before: `-m`, `--force`, `-5`. */
function addSigned(
  tokens: Token[],
  { text, run, index }: { readonly text: string; readonly run: string; readonly index: number },
  position: number,
  next: number,
): void {
  if (next === position) return;
  const code = index > 0 ? text.charCodeAt(index - 1) : 0;
  if (code !== DASH && code !== MINUS) return;
  const start = code === DASH && index > 1 && text.charCodeAt(index - 2) === DASH ? index - 2 : index - 1;
  if (start > 0 && !BEFORE_SIGN.test(text[start - 1]!)) return;
  const term = signed(text.slice(start, index), run);
  tokens.push({
    term,
    word: term,
    position,
    start,
    end: index + run.length,
    kind: "whole",
  });
}

/** An option, or a number below zero, as one term. */
function signed(sign: string, run: string): string {
  return cutTerm(sign.replace("\u2212", "-") + foldWord(lower(run)));
}

/** Whether a term is one of an option or of a number below zero. */
export function isSigned(term: string): boolean {
  return term.charCodeAt(0) === DASH;
}

/** Adds the terms of one run of letters, digits and inner signs; returns the next free position. */
function addRun(tokens: Token[], found: string, start: number, position: number, language: Language): number {
  // Most words of most texts: nothing of what follows would change them.
  if (PLAIN_WORD.test(found) && found.length <= MAX_TERM_LENGTH) {
    const term = found.toLowerCase();
    tokens.push({ term, word: term, position, start, end: start + found.length, kind: "atom" });
    return position + 1;
  }
  let run = trimSigns(found);
  if (language === "en") run = run.replace(POSSESSIVE, "");
  const end = start + run.length;
  if (isPlain(run) || (language === "en" && CONTRACTION.test(run) && run.split(SEPARATOR).length === 2)) {
    const word = lower(run.replace(APOSTROPHE, ""));
    return push(tokens, word, position, start, end, "atom");
  }
  const pieces = splitRun(run);
  const kind = pieces.length === 1 ? "atom" : "part";
  let next = position;
  for (const { text, at } of pieces) {
    next = push(tokens, lower(text), next, start + at, start + at + text.length, kind);
  }
  // Unspaced scripts have no whole: the pairs of characters say it all.
  if (pieces.length > 1 && !UNSPACED.test(run)) {
    push(tokens, lower(joinRun(run)), position, start, end, "whole");
  }
  return next;
}

function push(
  tokens: Token[],
  full: string,
  position: number,
  start: number,
  end: number,
  kind: Token["kind"],
): number {
  const word = cutTerm(full);
  const term = cutTerm(foldWord(word));
  if (term.length === 0) return position;
  tokens.push({ term, word, position, start, end, kind });
  return position + 1;
}

function cutTerm(text: string): string {
  return text.length > MAX_TERM_LENGTH ? text.slice(0, MAX_TERM_LENGTH).toWellFormed() : text;
}

/** `C++`, `C#` and `F#` keep their signs; elsewhere they are punctuation. */
function trimSigns(run: string): string {
  const bare = run.replace(/[+#]+$/, "");
  return bare.length <= 2 ? run : bare;
}

function isPlain(run: string): boolean {
  return PLAIN_WORD.test(run);
}

function splitRun(run: string): { text: string; at: number }[] {
  const pieces: { text: string; at: number }[] = [];
  let at = 0;
  for (const piece of run.split(SEPARATOR)) {
    for (const hump of humps(piece)) {
      if (UNSPACED.test(hump)) addPairs(pieces, hump, at);
      else pieces.push({ text: hump, at });
      at += hump.length;
    }
    at += 1;
  }
  return pieces;
}

function humps(piece: string): string[] {
  if (!MIXED_CASE.test(piece) || PLURAL_OF_CAPITALS.test(piece)) return [piece];
  return piece.split(CAMEL);
}

function addPairs(pieces: { text: string; at: number }[], hump: string, at: number): void {
  for (const run of hump.matchAll(UNSPACED_RUNS)) {
    if (!UNSPACED.test(run[0])) {
      pieces.push({ text: run[0], at: at + run.index });
      continue;
    }
    const characters = [...run[0]];
    let offset = at + run.index;
    if (characters.length === 1) pieces.push({ text: run[0], at: offset });
    for (let i = 0; i + 1 < characters.length; i++) {
      pieces.push({ text: characters[i]! + characters[i + 1]!, at: offset });
      offset += characters[i]!.length;
    }
  }
}

/** Without its inner signs, so that `e-mail` is `email` and `utf-8` is `utf8`; between digits they count: `1.23`, `12.3`. */
function joinRun(run: string): string {
  return run.replace(/(\p{N})?['’._\-\u2010\u2011](?=(\p{N})?)/gu, (sign, before, after) =>
    before !== undefined && after !== undefined ? sign : (before ?? ""),
  );
}
