import { classGroup, exactGroup, type TermGroup } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { completions, createBudget, nearestOf, nearWords, wordsWithin } from "./near.ts";
import type { KeywordQuery, QueryWord } from "./query.ts";
import type { WordStatistics } from "./statistics.ts";

/** A group with the number of the query's word that it stands for; groups of one word are alternatives. */
export interface QueryGroup extends TermGroup {
  readonly word: number;
}

export interface ExpandOptions {
  /** Add near words even to words that the index has. */
  readonly relaxed?: boolean;
  /** Frequencies among more documents than the index knows of. */
  readonly statistics?: WordStatistics | undefined;
}

/**
 * Near words and completions of words that the index has are looked for only when these find little; their documents
 * come behind those with the word itself.
 */
const RELAXED_FACTOR = 0.1;

/** The groups of a query. Empty when the index has no word of it, nor one near it. */
export function expandQuery(
  index: KeywordIndex,
  query: KeywordQuery,
  options: ExpandOptions = {},
): QueryGroup[] {
  const counts = new Map<string, { word: QueryWord; times: number }>();
  for (const word of query.words) {
    const key = word.exact ? `"${word.term}` : word.term;
    const known = counts.get(key);
    if (known) known.times++;
    else counts.set(key, { word, times: 1 });
  }
  const budget = createBudget();
  const alone = counts.size === 1;
  const groups: QueryGroup[] = [];
  const add = (more: readonly TermGroup[], word: QueryWord, times: number) => {
    const number = query.words.indexOf(word);
    for (const group of more) groups.push({ ...group, weight: group.weight * times, word: number });
  };
  const found = new Set<QueryWord>();
  for (const { word, times } of counts.values()) {
    let group = word.exact ? exactGroup(index, word.term) : classGroup(index, word);
    if (!group) continue;
    const documents = options.statistics?.documentsWith(word);
    if (documents !== undefined) group = { ...group, documents };
    // Known by its stem alone: it may be one of the words misspelled.
    if (!group.exact && !word.exact) group = { ...group, ...nearestOf(index, word, group, budget) };
    found.add(word);
    add([group], word, times);
    if (word.exact) continue;
    if (isCompleted(word, query, options.relaxed ?? false)) {
      add(completions(index, word, query.prefix ? 1 : RELAXED_FACTOR), word, times);
    }
    if (options.relaxed) add(nearWords(index, word, RELAXED_FACTOR, budget, alone), word, times);
  }
  for (const { word, times } of counts.values()) {
    if (found.has(word) || word.exact) continue;
    const completed = isCompleted(word, query, true) ? completions(index, word, 1) : [];
    // A whole that is unknown is spoken for by its parts, and the parts of an unknown code by its whole.
    const spokenFor = isSpokenFor(word, query.words, found);
    const more = spokenFor ? completed : [...completed, ...nearWords(index, word, 1, budget, alone)];
    add(more.length > 0 || spokenFor ? more : wordsWithin(index, word), word, times);
  }
  return groups;
}

/** Whether a word may be the beginning of one. A number is, while one types: 503 is not 5031. */
function isCompleted({ unfinished, term }: QueryWord, { prefix }: KeywordQuery, relaxed: boolean): boolean {
  return unfinished && (prefix || (relaxed && !/\p{N}$/u.test(term)));
}

function isSpokenFor(word: QueryWord, words: readonly QueryWord[], found: ReadonlySet<QueryWord>): boolean {
  if (word.kind === "atom") return false;
  if (word.kind === "whole") {
    return words.some(
      (w) => w.kind !== "whole" && w.start >= word.start && w.end <= word.end && found.has(w),
    );
  }
  return words.some((w) => w.kind === "whole" && w.start <= word.start && w.end >= word.end && found.has(w));
}
