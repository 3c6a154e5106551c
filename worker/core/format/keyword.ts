import { ArtifactError } from "./errors.ts";

/**
 * Byte layout of the keyword sections, shared by the writer and the reader. `docs/format-keyword.md` is the normative
 * text.
 */

export const KEYWORD_LAYOUT_VERSION = 3;
/** The same of documents that are a part of more: with the frequencies among all of them. */
export const KEYWORD_COLLECTION_VERSION = 4;
/** Layouts of the same bytes whose words were cut before they were normalised, without emoji and signs: still read. */
export const KEYWORD_OLD_VERSIONS = { layout: 1, collection: 2 } as const;
export const KEYWORD_HEADER_BYTES = 72;
/** Field offsets within the header of section keywordTerms, in bytes. */
export const KEYWORD_HEADER = {
  version: 0,
  flags: 4,
  nTerms: 8,
  nItems: 12,
  nDocuments: 16,
  unitsPerOne: 20,
  termBytes: 24,
  postingBytes: 28,
  positionBytes: 32,
  collectionDocuments: 36,
  averageLength: 40,
  k1: 48,
  b: 56,
  language: 64,
} as const;
export const KEYWORD_FLAGS = { positions: 1 } as const;
/** ISO 639-1, padded with zeros. */
export const LANGUAGE_BYTES = 8;
/** In place of a code: documents are of several languages, whose bits follow from the fourth byte on (u32). */
export const SEVERAL_LANGUAGES = "mul";
/** Languages by their bits. New ones come at the end. */
export const LANGUAGE_BITS = [
  ...["ar", "da", "de", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "ru", "sv", "tr"],
  "none",
] as const;

/** Section keywordLanguages begins with the documents of each language by its bit, u32; a code of a byte for each item follows. */
export const MAX_LANGUAGES = 32;
/** Code of an item whose language is not known; others are the language's bit and 1. */
export const NO_LANGUAGE = 0;

/** Terms are front-coded in blocks of this many. */
export const TERMS_PER_BLOCK = 16;
/** Postings of longer lists come in blocks of this many, each with its last item and its length in front. */
export const POSTINGS_PER_BLOCK = 128;
/** A term of 64 UTF-16 code units has at most this many bytes of UTF-8, the mark of a stem included. */
export const MAX_TERM_BYTES = 64 * 3 + 1;
/** Last byte of a stem that is not a word of the index itself; no word has it. It keeps stems beside their words. */
export const STEM_MARK = 1;
/** Shared and own bytes of a term go into the halves of one byte; this one says that two bytes follow instead. */
export const LONG_TERM = 0xff;
export const MAX_SHORT = 15;
/** More words than this share no stem. */
export const MAX_CLASS_SIZE = 4096;

export function corruptKeywords(what: string): ArtifactError {
  return new ArtifactError("CORRUPT_KEYWORDS", `The keyword index is damaged: ${what}.`);
}

/**
 * Lengths of documents in one byte: exact below 64, then 8 steps an octave (at most 6 % off), up to 2^30.
 */
export const LENGTH_OF_CODE: Float64Array = Float64Array.from({ length: 256 }, (_, code) => {
  if (code < 64) return code;
  const octave = (code - 64) >>> 3;
  return 2 ** (6 + octave) * (1 + ((code - 64) & 7) / 8);
});

/** The largest code whose length is not above `length`. */
export function codeOfLength(length: number): number {
  if (length < 64) return Math.max(0, Math.floor(length));
  const octave = Math.floor(Math.log2(length)) - 6;
  const step = Math.floor((length / 2 ** (6 + octave) - 1) * 8);
  return Math.min(255, 64 + octave * 8 + step);
}
