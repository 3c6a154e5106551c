import type { Language } from "../../worker/core/keyword/languages.ts";

/**
 * Statistics of all documents for BM25 where an index holds some of them, so that scores of several indexes compare:
 * how many there are, how long, and in how many of them each word stands, or any word of a stem.
 */
export interface Collection {
  readonly documents: number;
  readonly averageLength: number;
  readonly words: ReadonlyMap<string, number>;
  /** Documents that a stem has; in several languages, its share of the documents of its languages, times all documents. */
  readonly stems: ReadonlyMap<string, number>;
  /** Language of each word, where documents are of several. */
  readonly languages?: ReadonlyMap<string, Language>;
}

/** Languages of documents, each stemmed by its own. */
export interface ItemLanguages {
  readonly list: readonly Language[];
  /** Position in the list by item. */
  readonly of: Uint8Array;
  /** 1 for each item that tells its language; the others are read as the first of the list. */
  readonly told: Uint8Array;
}

export interface KeywordOptions {
  /** Largest item number plus one. */
  readonly nItems: number;
  /** ISO 639-1 code of a stemmer, `none`, or `auto` (the default of a build): the languages of the documents. */
  readonly language?: Language | (string & {});
  /** The languages of the documents, where they are several. */
  readonly languages?: ItemLanguages;
  /** Weight of each field: `pageContent`, or a metadata field by its dotted path. Default {@link DEFAULT_FIELDS}. */
  readonly fields?: Readonly<Record<string, number>>;
  /** Positions for phrases; without them a phrase is checked against the documents. Default true. */
  readonly positions?: boolean;
  /** Saturation of repeated words. Default 1.2. */
  readonly k1?: number;
  /** Normalisation by document length, 0 to 1. Default 0.75. */
  readonly b?: number;
  readonly onDocument?: (done: number) => void;
  /** The documents among which these are to be scored; these alone when left out. */
  readonly collection?: Collection;
}

/** The text, and what usually names it. */
export const DEFAULT_FIELDS: Readonly<Record<string, number>> = {
  pageContent: 1,
  title: 2,
  heading: 2,
  headings: 2,
  name: 2,
  subject: 2,
};
