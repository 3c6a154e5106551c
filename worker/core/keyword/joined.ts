import type { Work } from "../format/work.ts";
import { expandIn, type PartLookup } from "./agreed.ts";
import type { TermEntry } from "./dictionary.ts";
import type { PhraseItems, QueryGroup } from "./expand.ts";
import { type ExpandedQuery, keptOnce } from "./expanded-query.ts";
import { type JoinedLexicon, joinLexicons } from "./joined-lexicon.ts";
import { type KeywordIndex, normsOf, type WordCounts } from "./keyword-index.ts";
import { phraseItems } from "./phrase.ts";
import type { KeywordQuery } from "./query.ts";
import { sharedBy, type WordTotals, withTotals } from "./totals.ts";

/** A keyword index and what was added to it and taken from it, searched as one index of the same documents would be. */
export interface JoinedKeywords {
  /** The base by what all documents that are left have: number, average length, words. Ranks nothing itself. */
  readonly whole: KeywordIndex & { readonly lexicon: JoinedLexicon };
  /** The parts, whose documents are scored as those of the whole. */
  readonly base: KeywordIndex;
  readonly added: KeywordIndex;
  readonly entriesOf: { readonly [Part in "base" | "added"]: PartEntries };
}

/**
 * @param gone words of those documents of the base that are in no answer
 * @param totals frequencies among the documents of all shards, where these are parts of one
 */
export function joinKeywords(
  base: KeywordIndex,
  added: KeywordIndex,
  gone: WordCounts | undefined,
  totals?: WordTotals,
): JoinedKeywords {
  const documents = base.nDocuments + added.nDocuments - (gone?.nDocuments ?? 0);
  const sum = [base, added].reduce((total, part) => total + part.averageLength * part.nDocuments, 0);
  const lengths = sum - (gone ? gone.averageLength * gone.nDocuments : 0);
  const averageLength = documents > 0 ? Math.max(0, lengths) / documents : 0;
  const { k1, b, languages } = base;
  const shared = totals
    ? sharedBy(totals, base)
    : { collectionDocuments: documents, averageLength, norms: normsOf(k1, b, averageLength) };
  const joined = joinLexicons({
    base: base.dictionary,
    added: added.dictionary,
    gone: gone?.dictionary,
    languages,
  });
  const lexicon = totals ? withTotals(joined, totals, languages) : joined;
  return {
    whole: { ...base, ...shared, lexicon },
    base: { ...base, ...shared },
    added: { ...added, ...shared, k1, b, scratch: base.scratch },
    entriesOf: { base: partEntries(lexicon, "base"), added: partEntries(lexicon, "added") },
  };
}

/** A query as each part is to rank by it. */
export interface JoinedQuery {
  readonly whole: ExpandedQuery;
  readonly base: ExpandedQuery;
  readonly added: ExpandedQuery;
}

/**
 * Looks up the words of a query, and words near misspelled ones, among those of all parts: a word that one part lacks is
 * not taken for a misspelled one.
 *
 * @param isLeft whether an item of the base is not gone
 */
export function expandJoined(
  { whole, base, added, entriesOf }: JoinedKeywords,
  query: KeywordQuery,
  isLeft: (item: number) => boolean,
  lookup: PartLookup,
): JoinedQuery {
  const { work } = lookup;
  const itemsWith: PhraseItems = (phrase) => [
    ...phraseItems(base, phrase, work).filter(isLeft),
    ...phraseItems(added, phrase, work),
  ];
  const expanded = expandIn(whole, query, { ...lookup, itemsWith });
  const { query: known, groups, relax } = expanded;
  const partOf = (part: KeywordIndex, entriesIn: PartEntries): ExpandedQuery => ({
    query: known,
    groups: groups.map((group) => groupIn(part, entriesIn, group, work)),
    relax: () => relax().map((group) => groupIn(part, entriesIn, group, work)),
    work,
    kept: keptOnce(part, known, work),
  });
  const ofWhole = { ...expanded, kept: () => undefined };
  return { whole: ofWhole, base: partOf(base, entriesOf.base), added: partOf(added, entriesOf.added) };
}

/** Entries of the whole as a part has them, in their order; undefined where it lacks one. */
type PartEntries = (entries: readonly TermEntry[]) => readonly (TermEntry | undefined)[];

/** Looks up what a part has of a list of entries. The lists of words that queries share are the same ones: they are kept. */
function partEntries(lexicon: JoinedLexicon, name: "base" | "added"): PartEntries {
  const known = new WeakMap<readonly TermEntry[], readonly (TermEntry | undefined)[]>();
  return (entries) => {
    let own = known.get(entries);
    if (!own) {
      own = entries.map(({ term, total, classTotal }) => {
        const entry = lexicon.entryIn(name, term);
        return entry && { ...entry, total, classTotal };
      });
      known.set(entries, own);
    }
    return own;
  };
}

/** The words of a group as a part has them. Frequencies and weight are those of the whole. */
function groupIn(
  part: KeywordIndex,
  entriesIn: PartEntries,
  group: QueryGroup,
  work: Work | undefined,
): QueryGroup {
  const { exact, phrase, ...rest } = group;
  const own = entriesIn(group.entries);
  return {
    ...rest,
    entries: own.filter((entry) => entry !== undefined && entry.documents > 0) as TermEntry[],
    ...(phrase && { phrase: { ...phrase, items: phraseItems(part, phrase.terms, work) } }),
    // The whole has the word itself, so a part's inflections count as such even where the part lacks it.
    ...(exact && { exact: own[group.entries.indexOf(exact)] ?? { ...exact, documents: 0 } }),
  };
}
