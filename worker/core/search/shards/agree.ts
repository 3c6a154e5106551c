import { joinValues } from "../../columns/order.ts";
import {
  type AgreedQuery,
  type Agreement,
  agreeOn,
  excludesOther,
  type Needs,
  ranksAlike,
} from "../../keyword/agreed.ts";
import { foundTerms, type PartWords, type WordTerms } from "../../keyword/expanded-query.ts";
import { factsIndex } from "../../keyword/facts-index.ts";
import { isLanguage } from "../../keyword/languages.ts";
import { type RareItem, rarestFirst } from "../../keyword/rare.ts";
import { FEW_HITS } from "../../keyword/search.ts";
import type { LoadedIndex } from "../loaded-index.ts";
import { isListed, type Query } from "../query.ts";
import type { ShardQuery, ShardRankings } from "./types.ts";

/** Rankings of one shard. */
export interface ShardAnswer {
  readonly shard: number;
  readonly rankings: ShardRankings;
}

/** Asks shards again, as far as they answer. */
export type AskAgain = (
  shards: readonly number[],
  changes: (shard: number) => Partial<ShardQuery>,
) => Promise<readonly ShardAnswer[]>;

/** Rankings of all shards by the same words. */
export interface AgreedAnswers {
  readonly answers: readonly ShardAnswer[];
  readonly terms?: readonly WordTerms[];
  /** The rare words of all shards as one index orders them. */
  readonly ordered: (rare: readonly RareItem[]) => readonly RareItem[];
}

/**
 * Has all shards rank by the words that one index of their documents would rank by. Each has ranked by its own words and reported
 * what it knows of them. Shards that would find something else by the words of all are asked again: a word that one shard lacks is
 * not misspelled when another has it, and hits are few when all shards together have few. Most queries need no second round.
 *
 * @returns undefined where a shard of an earlier deployment tells nothing
 */
export async function rankAgreed(
  index: LoadedIndex,
  query: ShardQuery,
  first: readonly ShardAnswer[],
  ask: AskAgain,
): Promise<AgreedAnswers | undefined> {
  const looked = new Map(first.map(({ shard, rankings }) => [shard, rankings.told?.looked]));
  const known = [...looked.values()].filter((one) => one !== undefined);
  if (!query.words || known.length < first.length || known.length === 0) return undefined;
  const words = gathered(index, known);
  const agreement = agreeOn(words, query.words, known);
  const answers =
    query.mode === "vector"
      ? first
      : await again(query, first, { agreement, ask, lookedBy: (shard) => looked.get(shard)! });
  return {
    answers,
    ordered: (rare) => rarestFirst(rare, words, agreement.expanded),
    ...(query.terms && { terms: foundTerms(words, agreement.expanded) }),
  };
}

function gathered(index: LoadedIndex, looked: readonly PartWords[]) {
  const language = index.words?.language ?? "none";
  const { languages, positions } = index.manifest.keyword ?? {};
  return factsIndex(
    looked.map(({ facts }) => facts),
    { language, languages: languages?.filter(isLanguage) ?? [language], positions: positions === true },
  );
}

interface Asking {
  readonly agreement: Agreement;
  readonly ask: AskAgain;
  readonly lookedBy: (shard: number) => PartWords;
}

async function again(
  query: Query,
  first: readonly ShardAnswer[],
  { agreement, ask, lookedBy }: Asking,
): Promise<readonly ShardAnswer[]> {
  const { agreed, relaxed } = agreement;
  const needs = needsOf(query);
  const rankBy = async (answers: readonly ShardAnswer[], words: AgreedQuery) => {
    const asked = answers.filter(({ shard }) => !ranksAlike(lookedBy(shard), words, needs));
    if (asked.length === 0) return answers;
    const isOther = (shard: number) => excludesOther(lookedBy(shard), words.query);
    const fresh = await ask(
      asked.map(({ shard }) => shard),
      (shard) => ({ agreed: words, ...(!isOther(shard) && { nearest: false }) }),
    );
    const byShard = new Map(fresh.map(({ shard, rankings }) => [shard, rankings]));
    return answers.flatMap((answer) => {
      const { shard, rankings } = answer;
      if (!asked.includes(answer)) return [answer];
      const second = byShard.get(shard);
      if (!second) return [];
      return [{ shard, rankings: isOther(shard) ? second : withVectors(second, rankings) }];
    });
  };
  const isFew = areFew(first);
  // There may be more by the agreed words: a part does not count those near or after a word that it lacks.
  const isCounted = !isFew || first.every(({ shard }) => ranksAlike(lookedBy(shard), agreed, HITS_ALONE));
  const near = isFew && isCounted ? relaxed() : undefined;
  const answers = await rankBy(first, near ?? agreed);
  const later = !isCounted && areFew(answers) ? relaxed() : undefined;
  return later ? rankBy(answers, later) : answers;
}

const HITS_ALONE: Needs = { telling: false, bound: false };

function needsOf(query: Query): Needs {
  const { mode, facetsOf, total = false, minScore = 0 } = query;
  const isCounted = isListed(query) || total;
  return {
    telling: isListed(query) || facetsOf === "matches" || (total && mode === "hybrid"),
    bound: minScore > 0 && isCounted,
  };
}

/** Whether all shards together have few hits by the words themselves. */
function areFew(answers: readonly ShardAnswer[]): boolean {
  const hits = answers.map(({ rankings }) => rankings.told?.hits);
  if (hits.every((count) => count === undefined)) return false;
  return hits.reduce<number>((sum, count = 0) => sum + count, 0) < FEW_HITS;
}

/** A ranking by words with the vectors' of the first time, which do not depend on them. */
function withVectors(second: ShardRankings, first: ShardRankings): ShardRankings {
  const values = joinValues([second.values, first.values]);
  const estimated = second.estimated || first.estimated;
  const { curated } = second;
  const known = new Set(curated?.boosted.map(({ item }) => item));
  const more = first.curated?.boosted.filter(({ item }) => !known.has(item)) ?? [];
  return {
    ...second,
    ...(first.vectors && { vectors: first.vectors }),
    ...(values && { values }),
    ...(estimated && { estimated }),
    ...(curated && { curated: { ...curated, boosted: [...curated.boosted, ...more] } }),
  };
}
