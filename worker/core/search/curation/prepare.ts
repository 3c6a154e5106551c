import { type Artifact, findSection, requireBytes } from "../../format/artifact.ts";
import { type Boost, decodeCuration, type QueryRule, type SynonymSet } from "../../format/curation.ts";
import { type Language, stemWord } from "../../keyword/languages.ts";
import { type KeywordQuery, parseKeywordQuery } from "../../keyword/query.ts";
import { foldWord, type Token } from "../../keyword/tokenize.ts";

/** A text of a rule, taken apart as queries are. */
export interface RuleText {
  readonly text: string;
  /** Its words without inflection, in order. */
  readonly keys: readonly string[];
  readonly words: readonly Pick<Token, "term" | "word">[];
}

/** A text with what is searched for beside it. */
export interface SynonymRule {
  readonly from: RuleText;
  readonly to: readonly RuleText[];
  readonly weight: number;
}

export interface PreparedRule extends Pick<QueryRule, "when" | "pin" | "hide"> {
  readonly number: number;
  /** The words of a condition by words, without inflection. */
  readonly keys: readonly string[];
  /** Text of a beginning of a query, normalised. */
  readonly prefix: string | undefined;
}

/** Curation of an index, ready for queries. */
export interface PreparedCuration {
  readonly language: Language;
  /** Entries by the first word of the text. */
  readonly synonyms: ReadonlyMap<string, readonly SynonymRule[]>;
  /** Rules for whole queries, by the query. */
  readonly exact: ReadonlyMap<string, readonly PreparedRule[]>;
  /** All others. */
  readonly rules: readonly PreparedRule[];
  readonly boosts: readonly Boost[];
}

/** Opens section `curation`; undefined without one. Linear in its rules. @throws ArtifactError `CORRUPT_CURATION` */
export function openCuration(artifact: Artifact, language: Language): PreparedCuration | undefined {
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
      keys: words === undefined ? [] : ruleText(words, language).keys,
      prefix: prefix === undefined ? undefined : normalText(parseKeywordQuery(prefix, language)),
    };
    if (query === undefined) rules.push(prepared);
    else append(exact, normalText(parseKeywordQuery(query, language)), prepared);
  }
  return {
    language,
    synonyms: synonymsByWord(curation.synonyms, language),
    exact,
    rules,
    boosts: curation.boosts,
  };
}

function synonymsByWord(sets: readonly SynonymSet[], language: Language): Map<string, SynonymRule[]> {
  const byWord = new Map<string, SynonymRule[]>();
  for (const { from, to, weight } of sets) {
    const targets = to.map((text) => ruleText(text, language)).filter(({ keys }) => keys.length > 0);
    for (const text of from) {
      const own = ruleText(text, language);
      const first = own.keys[0];
      if (first === undefined) continue;
      const others = targets.filter(({ keys }) => keys.join(" ") !== own.keys.join(" "));
      append(byWord, first, { from: own, to: others, weight });
    }
  }
  return byWord;
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

function ruleText(text: string, language: Language): RuleText {
  const words = spokenWords(parseKeywordQuery(text, language));
  return {
    text,
    keys: words.map((word) => keyOf(word, language)),
    words: words.map(({ term, word }) => ({ term, word })),
  };
}

/** The words of a query one after the other, without the wholes that stand beside their parts. */
export function spokenWords({ words }: KeywordQuery): KeywordQuery["words"] {
  return words.filter(({ kind }) => kind !== "whole").sort((a, b) => a.start - b.start);
}

/** A word without its inflection. */
export function keyOf({ word }: Pick<Token, "word">, language: Language): string {
  return foldWord(stemWord(language, word));
}

/** A query's words as one text: lower case, folded, a blank between two. */
export function normalText(query: KeywordQuery): string {
  return spokenWords(query)
    .map(({ term }) => term)
    .join(" ");
}
