import type { Dictionary } from "./cursor.ts";
import { encodeTerm, findTerm, readEntry, type TermEntry } from "./dictionary.ts";
import { classTerm } from "./joined-lexicon.ts";
import { type KeywordIndex, normsOf, openWordCounts } from "./keyword-index.ts";
import type { Language } from "./languages.ts";
import type { Lexicon } from "./lexicon.ts";

/**
 * Frequencies of words among all documents of an index in shards, after changes: those of each word in an added or a
 * removed document. Other words have the frequencies that the shards know.
 */
export interface WordTotals {
  readonly dictionary: Dictionary;
  readonly documents: number;
  readonly averageLength: number;
}

/** Opens section `wordTotals`. @throws ArtifactError `CORRUPT_KEYWORDS` */
export function openWordTotals(bytes: Uint8Array): WordTotals {
  const { dictionary, collectionDocuments, averageLength } = openWordCounts(bytes, true);
  return { dictionary, documents: collectionDocuments, averageLength };
}

/** Statistics that all parts of a collection share, by which BM25 scores compare. */
export function sharedBy(
  totals: WordTotals,
  { k1, b }: KeywordIndex,
): Pick<KeywordIndex, "collectionDocuments" | "averageLength" | "norms"> {
  const { documents, averageLength } = totals;
  return { collectionDocuments: documents, averageLength, norms: normsOf(k1, b, averageLength) };
}

/** A lexicon whose entries tell the frequencies of all documents. */
export function withTotals<L extends Lexicon>(
  lexicon: L,
  { dictionary }: WordTotals,
  languages: readonly Language[],
): L {
  /** Entries store their frequencies plus those among the documents of the section, so that none is below these. */
  const entryOf = (term: number): TermEntry | undefined =>
    term < 0 ? undefined : readEntry(dictionary, term);
  const whole = (entry: TermEntry): TermEntry => {
    const key = encodeTerm(lexicon.text(entry.term));
    const own = entryOf(findTerm(dictionary, key));
    const ofClass = own ?? entryOf(classTerm(dictionary, key, languages));
    return {
      ...entry,
      ...(own && { total: own.total - own.documents }),
      ...(ofClass && { classTotal: ofClass.classTotal - ofClass.classDocuments }),
    };
  };
  return {
    ...lexicon,
    entry: (term) => whole(lexicon.entry(term)),
    classOf: (term) => lexicon.classOf(term).map(whole),
    beginning: (key, most) => lexicon.beginning(key, most).map(whole),
  };
}
