import type { Work } from "../format/work.ts";
import { encodeTerm, type TermEntry } from "./dictionary.ts";
import { frequencyOf, groupOf, type TermGroup } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import type { QueryWord } from "./query.ts";
import { isSigned } from "./tokenize.ts";

/** Weight of words that begin with the one that was typed, and of words one or two edits off. */
const PREFIX_WEIGHT = 0.5;
const FUZZY_WEIGHTS = [1, 0.7, 0.4];
/** Weight of the inflections of a near word, as a share of its own. */
const INFLECTION_WEIGHT = 0.1;
const MAX_COMPLETIONS = 128;
const MAX_NEAR_WORDS = 24;
/** A shorter word has too many neighbours to guess among. */
const MIN_ONE_EDIT = 3;
const MIN_TWO_EDITS = 6;
const MAX_FUZZY_LENGTH = 40;
/** Words in more than this part of the documents are near nothing, unless they are the likeliest: `the` is near many. */
const FREQUENT = 8;
const MIN_FREQUENT = 200;
/** Frequency of a wrong first letter against another wrong one, and of letters swapped or doubled against other edits. */
const WRONG_FIRST = 0.05;
const SLIP = 8;
/** Powers of a near word's likelihood, against that of the likeliest, and of its rarity in its weight. */
const LIKELIHOOD_POWER = 0.3;
const RARITY_POWER = 0.5;
/** Words that a query may have looked for with one edit and with two: a scan takes up to a millisecond, or several. */
const ONE_EDIT_SCANS = 12;
const TWO_EDIT_SCANS = 4;
/** Completions are the most frequent of so many that come first in the alphabet. */
const MAX_COMPLETIONS_SEEN = 2048;

/** Work of a scan for words near another, in nanoseconds a term of the index and edit: most are passed over unread. */
const SCAN_NS = 7;
/** Work of reading a completion. */
const COMPLETION_NS = 3_500;

/** Scans that a query has left. */
export interface Budget {
  oneEdit: number;
  twoEdits: number;
  readonly work?: Work | undefined;
}

export function createBudget(work?: Work): Budget {
  return { oneEdit: ONE_EDIT_SCANS, twoEdits: TWO_EDIT_SCANS, work };
}

/** Words that begin with an unfinished one, together: the documents that hold any of them. */
export function completions(
  index: KeywordIndex,
  word: QueryWord,
  weight: number,
  work: Work | undefined,
): TermGroup[] {
  let entries = index.lexicon.beginning(encodeTerm(word.term), MAX_COMPLETIONS_SEEN);
  work?.spend("words", entries.length * COMPLETION_NS);
  if (entries.length === 0) return [];
  if (entries.length > MAX_COMPLETIONS) {
    entries = entries.sort((x, y) => y.total - x.total || x.term - y.term).slice(0, MAX_COMPLETIONS);
  }
  const documents = entries.reduce((sum, entry) => sum + frequencyOf(index, entry), 0);
  return [
    { entries, documents: Math.min(documents, index.collectionDocuments), weight: weight * PREFIX_WEIGHT },
  ];
}

/**
 * Words one edit off, or, when there are none, two behind the right first letter; each with its own weight, likeliest
 * first. A word that is `alone` in its query has no others to choose among them, so rare ones are favoured.
 */
export function nearWords(
  index: KeywordIndex,
  word: Pick<QueryWord, "term">,
  factor: number,
  budget: Budget,
  alone: boolean,
): TermGroup[] {
  const groups: TermGroup[] = [];
  const seen = new Set<number>();
  const near = nearEntries(index, word, budget);
  for (const { entry, distance, likelihood } of near) {
    if (seen.has(entry.term) || seen.size >= MAX_NEAR_WORDS) continue;
    const share = (likelihood / near[0]!.likelihood) ** LIKELIHOOD_POWER;
    const weight =
      factor * FUZZY_WEIGHTS[distance]! * share * (alone ? rarity(index, entry.total) ** RARITY_POWER : 1);
    const group = groupOf(index, entry.term, weight * INFLECTION_WEIGHT);
    if (!group) continue;
    // The near word itself has its own, rarer frequency: its documents come before those of its inflections.
    groups.push({ entries: [entry], documents: frequencyOf(index, entry), weight });
    seen.add(entry.term);
    if (group.entries.length === 1) continue;
    groups.push(group);
  }
  return groups;
}

/** A word of the index near a misspelled one. */
export interface NearEntry {
  readonly text: string;
  readonly distance: number;
  readonly entry: TermEntry;
  /** See {@link likelihoodOf}. */
  readonly likelihood: number;
}

/** Words one edit off, or, when there are none, two behind the right first letter; likeliest first. */
export function nearEntries(index: KeywordIndex, word: Pick<QueryWord, "term">, budget: Budget): NearEntry[] {
  const { lexicon } = index;
  const mostFrequent = Math.max(MIN_FREQUENT, index.collectionDocuments / FREQUENT);
  const letters = [...word.term].length;
  // An option is written as it is or not at all.
  if (isSigned(word.term)) return [];
  if (letters < MIN_ONE_EDIT || letters > MAX_FUZZY_LENGTH || budget.oneEdit-- <= 0) return [];
  const digits = digitsOf(word.term);
  const find = (edits: number, firstLetter = false) => {
    budget.work?.spend("words", edits * index.dictionary.nTerms * SCAN_NS);
    return (
      lexicon
        .near(word.term, edits, firstLetter)
        // Another number is another thing: error 5041 is not error 5031, and 1e6 not 1.6.
        .filter(
          ({ text, distance }) =>
            distance > 0 && !isSigned(text) && LETTER.test(text) && digits === digitsOf(text),
        )
        .map((match) => ({ ...match, entry: lexicon.entry(match.term) }))
        .filter(({ entry }) => entry.total > 0)
    );
  };
  let matches = find(1);
  if (matches.length === 0 && letters >= MIN_TWO_EDITS && budget.twoEdits-- > 0) matches = find(2, true);
  return matches
    .map((match) => ({ ...match, likelihood: likelihoodOf(word.term, match.text, match.entry.total) }))
    .sort((x, y) => y.likelihood - x.likelihood || x.entry.term - y.entry.term)
    .filter(({ entry }, i) => i === 0 || entry.total <= mostFrequent);
}

/** Weighs whether a word was meant by a misspelled one, against others as many edits off. */
export function likelihoodOf(typed: string, meant: string, documents: number): number {
  const isSlip =
    sortedLetters(typed) === sortedLetters(meant) || withoutDoubles(typed) === withoutDoubles(meant);
  return documents * (typed[0] === meant[0] ? 1 : WRONG_FIRST) * (isSlip ? SLIP : 1);
}

function sortedLetters(word: string): string {
  return [...word].sort().join("");
}

function withoutDoubles(word: string): string {
  return word.replace(/(.)\1+/gu, "$1");
}

const LETTER = /\p{L}/u;

/** The digits of a word, one number from the next by a blank. */
function digitsOf(term: string): string {
  return (term.match(/\p{N}+/gu) ?? []).join(" ");
}

/**
 * 1 for the rarest words, less for more frequent ones: many documents of a frequent word would leave those of the
 * others no place among the first ten.
 */
function rarity({ collectionDocuments: nDocuments }: KeywordIndex, documents: number): number {
  return Math.log((nDocuments + 1) / documents) / Math.log(nDocuments + 1);
}

/** The word of a group that is one edit off, as the one that was meant. */
export function nearestOf(
  index: KeywordIndex,
  word: Pick<QueryWord, "term">,
  group: TermGroup,
  budget: Budget,
): Pick<TermGroup, "exact"> {
  if ([...word.term].length > MAX_FUZZY_LENGTH || budget.oneEdit-- <= 0) return {};
  budget.work?.spend("words", index.dictionary.nTerms * SCAN_NS);
  const near = new Set(index.lexicon.near(word.term, 1).map((match) => match.term));
  const exact = group.entries.find((entry) => near.has(entry.term));
  return exact ? { exact } : {};
}

/** Two words of the index that were written as one, the rarer of them as frequent as can be. */
export function wordsWithin(index: KeywordIndex, word: Pick<QueryWord, "term">): TermGroup[] {
  const { lexicon } = index;
  const letters = [...word.term];
  if (letters.length > MAX_FUZZY_LENGTH || digitsOf(word.term) !== "" || isSigned(word.term)) return [];
  let best: TermEntry[] = [];
  let most = 0;
  for (let i = 2; i + 2 <= letters.length; i++) {
    const numbers = [letters.slice(0, i), letters.slice(i)].map((part) =>
      lexicon.find(encodeTerm(part.join(""))),
    );
    if (numbers.some((number) => number < 0)) continue;
    const entries = numbers.map((number) => lexicon.entry(number));
    const rarer = Math.min(...entries.map((entry) => entry.total));
    if (rarer > most) {
      most = rarer;
      best = entries;
    }
  }
  return best.flatMap((entry) => groupOf(index, entry.term, 1) ?? []);
}
