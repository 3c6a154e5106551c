import type { QueryCondition } from "../../format/curation.ts";
import type { Work } from "../../format/work.ts";
import type { KeywordQuery, Synonym } from "../../keyword/query.ts";
import {
  isSameWord,
  keysOf,
  normalText,
  type PreparedCuration,
  type PreparedRule,
  type SynonymRule,
  spokenWords,
  type WordKeys,
} from "./prepare.ts";
import type { QueryCuration } from "./types.ts";

/** Synonyms of one query at most. */
const MAX_SYNONYMS = 64;

/** Work in nanoseconds: to compare a query with a rule, and with a synonym that begins with one of its words. */
const RULE_NS = 150;
const SYNONYM_NS = 500;

/** Finds the rules that fit a query; undefined when none does. @throws SearchError `TOO_MUCH_WORK` */
export function curationFor(
  curation: PreparedCuration,
  query: KeywordQuery,
  work?: Work,
): QueryCuration | undefined {
  work?.spend("rules", curation.tests * RULE_NS);
  const rules = rulesFor(curation, query);
  const pins = new Map<string, string>();
  for (const rule of rules) {
    for (const id of rule.pin) {
      if (!pins.has(id))
        pins.set(id, `Pinned by rule ${rule.number} of the curation, for ${named(rule.when)}.`);
    }
  }
  const hidden = new Set(rules.flatMap(({ hide }) => hide));
  if (pins.size === 0 && hidden.size === 0 && curation.boosts.length === 0) return undefined;
  return {
    pins: Array.from(pins, ([id, message]) => ({ id, message })).filter(({ id }) => !hidden.has(id)),
    hidden: [...hidden],
    boosts: curation.boosts,
  };
}

function rulesFor(curation: PreparedCuration, query: KeywordQuery): PreparedRule[] {
  const text = normalText(query);
  if (text === "") return [];
  const words = query.words.map((word) => keysOf(word, curation.languages));
  const known = present(words, curation);
  const others = curation.rules.filter(({ prefix, keys: wanted }) =>
    prefix === undefined
      ? wanted.length > 0 && wanted.every((key) => isAmong(key, known))
      : prefix !== "" && text.startsWith(prefix),
  );
  return [...(curation.exact.get(text) ?? []), ...others].sort((a, b) => a.number - b.number);
}

function named({ query, prefix, words }: QueryCondition): string {
  if (query !== undefined) return `the query "${query}"`;
  return prefix === undefined ? `queries with the words "${words}"` : `queries that begin with "${prefix}"`;
}

/** The query with the synonyms of its words. A word in quotes has none. @throws SearchError `TOO_MUCH_WORK` */
export function withSynonyms(curation: PreparedCuration, query: KeywordQuery, work?: Work): KeywordQuery {
  const found: Synonym[] = [];
  const spoken = spokenWords(query);
  const wholes = query.words.filter(({ kind }) => kind === "whole");
  const keys = spoken.map((word) => (word.exact ? [] : keysOf(word, curation.languages)));
  const held = { known: present(keys, curation), work };
  for (const [i, word] of spoken.entries()) {
    const rules = synonymsOf(curation, keys[i]!);
    work?.spend("rules", rules.size * SYNONYM_NS);
    for (const rule of rules) {
      const length = rule.from.keys.length;
      if (rule.from.keys.some((key, j) => !isSameWord(key, keys[i + j] ?? []))) continue;
      add(found, rule, { start: word.start, end: spoken[i + length - 1]!.end }, held);
    }
  }
  for (const whole of wholes) {
    if (whole.exact) continue;
    const own = keysOf(whole, curation.languages);
    const rules = synonymsOf(curation, own);
    work?.spend("rules", rules.size * SYNONYM_NS);
    for (const rule of rules) {
      const [first, ...more] = rule.from.keys;
      if (more.length === 0 && isSameWord(first!, own)) add(found, rule, whole, held);
    }
  }
  return found.length === 0 ? query : { ...query, synonyms: found };
}

/** The synonyms of texts that may begin with a word. */
function synonymsOf({ synonyms }: PreparedCuration, keys: WordKeys): Set<SynonymRule> {
  return new Set(keys.flatMap((key) => synonyms.get(key) ?? []));
}

/** Keys of words, by language: a query of a thousand words is compared with thousands of rules. */
type Present = readonly ReadonlySet<string | undefined>[];

function present(words: readonly WordKeys[], { languages: { languages } }: PreparedCuration): Present {
  return languages.map((_, i) => new Set(words.map((keys) => keys[i])));
}

function isAmong(word: WordKeys, known: Present): boolean {
  return word.some((key, i) => known[i]!.has(key));
}

function add(
  found: Synonym[],
  { from, to, weight }: SynonymRule,
  { start, end }: Pick<Synonym, "start" | "end">,
  { known, work }: { readonly known: Present; readonly work: Work | undefined },
): void {
  if (found.length >= MAX_SYNONYMS) return;
  work?.spend("rules", to.length * RULE_NS);
  for (const { text, keys, words } of to) {
    // What the query has itself needs no synonym.
    if (found.length >= MAX_SYNONYMS || keys.every((key) => isAmong(key, known))) continue;
    found.push({ start, end, from: from.text, to: text, words, weight });
  }
}
