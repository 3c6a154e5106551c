import { type Artifact, findSection, requireBytes } from "../../format/artifact.ts";
import { type Boost, decodeCuration, type QueryRule, type SynonymSet } from "../../format/curation.ts";
import { type IndexLanguages, stemWord } from "../../keyword/languages.ts";
import { type KeywordQuery, parseKeywordQuery } from "../../keyword/query.ts";
import { foldWord, type Token } from "../../keyword/tokenize.ts";

/** A word without its inflection, by the stemmer of each language of the index. */
export type WordKeys = readonly string[];

/** A text of a rule, taken apart as queries are. */
export interface RuleText {
  readonly text: string;
  /** Its words without inflection, in order. */
  readonly keys: readonly WordKeys[];
  readonly words: readonly Pick<Token, "term" | "word">[];
}

/** A text with its synonyms. */
export interface SynonymRule {
  readonly from: RuleText;
  readonly to: readonly RuleText[];
  readonly weight: number;
}

export interface PreparedRule extends Pick<QueryRule, "when" | "pin" | "hide"> {
  readonly number: number;
  /** The words of a condition by words, without inflection. */
  readonly keys: readonly WordKeys[];
  /** Text of a beginning of a query, normalised. */
  readonly prefix: string | undefined;
}

/** Curation of an index, ready for queries. */
export interface PreparedCuration {
  readonly languages: IndexLanguages;
  /** Entries by each key of the first word of the text. */
  readonly synonyms: ReadonlyMap<string, readonly SynonymRule[]>;
  /** Rules for whole queries, by the query. */
  readonly exact: ReadonlyMap<string, readonly PreparedRule[]>;
  /** All others. */
  readonly rules: readonly PreparedRule[];
  readonly boosts: readonly Boost[];
  /** Tests that a query takes: words of the rules in `rules`, and one a rule. */
  readonly tests: number;
}

/** Opens section `curation`; undefined without one. Linear in its rules. @throws ArtifactError `CORRUPT_CURATION` */
export function openCuration(artifact: Artifact, languages: IndexLanguages): PreparedCuration | undefined {
  const { language } = languages;
  if (!findSection(artifact, "curation")) return undefined;
  const curation = decodeCuration(requireBytes(artifact, "curation"));
  if (!curation) return undefined;
  const exact = new Map<string, PreparedRule[]>();
  const rules: PreparedRule[] = [];
  for (const [number, rule] of curation.rules.entries()) {
    const { query, prefix, words } = rule.when;
    const prepared: PreparedRule = {
      ...rule,
      number: number + 1,
      keys: words === undefined ? [] : ruleText(words, languages).keys,
      prefix: prefix === undefined ? undefined : normalText(parseKeywordQuery(prefix, language)),
    };
    if (query === undefined) rules.push(prepared);
    else append(exact, normalText(parseKeywordQuery(query, language)), prepared);
  }
  return {
    languages,
    synonyms: synonymsByWord(curation.synonyms, languages),
    exact,
    rules,
    boosts: curation.boosts,
    tests: rules.reduce((sum, { keys }) => sum + 1 + keys.length, 0),
  };
}

function synonymsByWord(sets: readonly SynonymSet[], languages: IndexLanguages): Map<string, SynonymRule[]> {
  const byWord = new Map<string, SynonymRule[]>();
  for (const { from, to, weight } of sets) {
    const targets = to.map((text) => ruleText(text, languages)).filter(({ keys }) => keys.length > 0);
    for (const text of from) {
      const own = ruleText(text, languages);
      const [first] = own.keys;
      if (!first) continue;
      const isOwn = ({ keys }: RuleText) =>
        keys.length === own.keys.length && keys.every((key, i) => isSameWord(key, own.keys[i]!));
      const rule = { from: own, to: targets.filter((text) => !isOwn(text)), weight };
      for (const key of new Set(first)) append(byWord, key, rule);
    }
  }
  return byWord;
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

function ruleText(text: string, languages: IndexLanguages): RuleText {
  const words = spokenWords(parseKeywordQuery(text, languages.language));
  return {
    text,
    keys: words.map((word) => keysOf(word, languages)),
    words: words.map(({ term, word }) => ({ term, word })),
  };
}

/** The words of a query in order, without the wholes of identifiers, whose parts are there. */
export function spokenWords({ words }: KeywordQuery): KeywordQuery["words"] {
  return words.filter(({ kind }) => kind !== "whole").sort((a, b) => a.start - b.start);
}

/** A word without its inflection. */
export function keysOf({ word }: Pick<Token, "word">, { languages }: IndexLanguages): WordKeys {
  return languages.map((language) => foldWord(stemWord(language, word)));
}

/** Whether two words are inflections of one in any language of the index. */
export function isSameWord(a: WordKeys, b: WordKeys): boolean {
  return a.some((key, i) => key === b[i]);
}

/** A query's words as one text: lower case, folded, a blank between two. */
export function normalText(query: KeywordQuery): string {
  return spokenWords(query)
    .map(({ term }) => term)
    .join(" ");
}
