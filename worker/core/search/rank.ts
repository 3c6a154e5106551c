import type { StoredDocument } from "../format/meta.ts";
import { withoutPhrases } from "../keyword/query.ts";
import { appended, type Combined, combine } from "./combine.ts";
import { FUSION_DEPTH } from "./fusion.ts";
import { lacksPositions, languageOf } from "./loaded-index.ts";
import { maximalMarginalRelevance } from "./mmr.ts";
import { phraseCheck } from "./operators.ts";
import { type Query, rankedWords } from "./query.ts";
import { firstOf, pickFrom, type Ranking, type Rankings } from "./ranking.ts";
import { MAX_K } from "./schema.ts";
import type { Exactness, Searcher } from "./searcher.ts";
import type { Rule, SearchRequest, SearchWarning } from "./types.ts";

/** The items of a page of an answer, and what there is to say of them, documents unread. */
export interface RankedPage extends Omit<Combined, "ranking"> {
  readonly ranking: Ranking;
  /** What each way found. */
  readonly rankings: Rankings;
  readonly warnings: readonly SearchWarning[];
}

const VECTORS_UNAVAILABLE: SearchWarning = {
  code: "VECTORS_UNAVAILABLE",
  message:
    "The vectors in the cold part cannot be read at the moment: items are ranked by their resident codes, and distances are estimates.",
};

const MAX_SHOWN = 100;

/**
 * Ranks down to the end of the page that is asked for, chooses by marginal relevance, and cuts the page out. Documents are
 * read only where the index cannot tell whether the words of a phrase stand together. Phrases that leave nothing are given
 * up, with a warning.
 */
export async function rankPage(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
): Promise<RankedPage> {
  const { offset = 0, k, minScore = 0 } = request;
  const depth = offset + k;
  const strict = await rankAll(searcher, query, request, depth);
  const phrases = rankedWords(query)?.phrases ?? [];
  const isLoose = strict.ranking.items.length === 0 && phrases.length > 0;
  const ranked = isLoose ? await rankAll(searcher, loosened(query), request, depth) : strict;
  const { ranking, warnings } = ranked;
  const page = [...ranking.items.keys()].filter(
    (i) => i >= offset && i < depth && ranking.scores[i]! >= minScore,
  );
  return {
    ...ranked,
    ranking: pickFrom(ranking, page),
    warnings: isLoose ? [...warnings, phraseNotFound(phrases)] : warnings,
  };
}

/** Ranks by a query as it stands: what its phrases ask for is held against documents where the index cannot tell. */
async function rankAll(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
  depth: number,
): Promise<RankedPage> {
  const words = rankedWords(query);
  const check =
    words && lacksPositions(searcher.index) ? phraseCheck(languageOf(searcher.index), words) : undefined;
  // Some of the hits will not hold the phrase.
  const ranked = await rankTo(searcher, query, request, check ? Math.min(MAX_K, depth * 4) : depth);
  return check ? { ...ranked, ranking: await holding(searcher, ranked.ranking, check) } : ranked;
}

/** The query by its words alone: quotes that were pasted are no condition that nothing meets. */
function loosened(query: Query): Query {
  return query.words ? { ...query, words: withoutPhrases(query.words) } : query;
}

function phraseNotFound(phrases: readonly (readonly string[])[]): SearchWarning {
  const [first = []] = phrases;
  const which = phrases.length > 1 ? "all quoted texts" : `"${first.join(" ").slice(0, MAX_SHOWN)}"`;
  return {
    code: "PHRASE_NOT_FOUND",
    message: `No document that passes holds ${which} word by word: the hits are those of the words.`,
  };
}

/** The ranked items whose documents pass a check. */
async function holding(
  searcher: Searcher,
  ranking: Ranking,
  check: (text: string) => boolean,
): Promise<Ranking> {
  const documents: readonly (StoredDocument | undefined)[] = await searcher.documents(ranking.items);
  const held = [...ranking.items.keys()].filter((i) => check(documents[i]?.pageContent ?? ""));
  return pickFrom(ranking, held);
}

/** Items that a ranking to some depth has found, and their order. */
interface Ranked extends Combined {
  readonly rankings: Rankings;
}

async function rankTo(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
  depth: number,
): Promise<RankedPage> {
  const { mmr } = request;
  const { vector } = query;
  const { ranking, ...found } = await rankConsistently(searcher, query, request, depth);
  const { rankings } = found;
  const exactness: Exactness = { estimated: rankings.estimated ?? false };
  const chosen =
    mmr && vector
      ? await diversify(searcher, ranking, vector, { ...mmr, k: depth }, exactness)
      : firstOf(ranking, depth);
  const { distances: known, ...undistanced } = chosen;
  // Rankings by vector have theirs; both together may have estimates.
  const distances =
    vector && (query.mode === "vector" ? known : await searcher.distances(vector, chosen, exactness));
  return {
    ...found,
    rules: mmr ? new Map([...found.rules, ...diversityRules(ranking, chosen)]) : found.rules,
    ranking: { ...undistanced, ...(distances && { distances }) },
    warnings: exactness.estimated ? [VECTORS_UNAVAILABLE] : [],
  };
}

/**
 * Ranks so that all pages of one search are cut from one order. What the words alone find does not depend on the depth.
 * The vectors' candidates do, so with an offset they are always the same number; and so do both together, of which the
 * first {@link FUSION_DEPTH} come from a ranking to that depth whatever the page, and the rest from a deep one.
 */
async function rankConsistently(
  searcher: Searcher,
  query: Query,
  { offset, mmr, include }: SearchRequest,
  depth: number,
): Promise<Ranked> {
  const wanted = Math.max(depth, mmr?.fetchK ?? 0);
  const shown = {
    among: wanted,
    documents: include.some((part) => part !== "vector"),
    vectors: mmr !== undefined || include.includes("vector"),
  };
  const search = async (k: number): Promise<Ranked> => {
    const rankings = await searcher.rank(query, k, shown);
    return { rankings, ...combine(searcher.index, query, rankings) };
  };
  if (query.mode === "keyword") return search(wanted);
  if (query.mode === "vector") return search(offset === undefined ? wanted : MAX_K);
  if (offset === undefined || wanted <= FUSION_DEPTH) return search(Math.max(wanted, FUSION_DEPTH));
  // Beside each other, so that one call asks a shard for both.
  const second = searcher.beside(1);
  const [near, far] = await Promise.all([search(FUSION_DEPTH), search(MAX_K).finally(() => second.leave())]);
  return { ...appended(near, far), rankings: { ...near.rankings, ...far.rankings } };
}

/** Chooses k of the first `fetchK` by maximal marginal relevance. */
async function diversify(
  searcher: Searcher,
  ranking: Ranking,
  query: Float32Array,
  { fetchK, lambda, k }: NonNullable<SearchRequest["mmr"]> & { readonly k: number },
  exactness: Exactness,
): Promise<Ranking> {
  const positions: number[] = [];
  const vectors: Float32Array[] = [];
  const fetched = await searcher.vectors(ranking.items.slice(0, fetchK), exactness);
  for (const [i, vector] of fetched.entries()) {
    if (!vector) continue;
    positions.push(i);
    vectors.push(vector);
  }
  const chosen = maximalMarginalRelevance(query, vectors, lambda, k);
  return pickFrom(
    ranking,
    chosen.map((i) => positions[i]!),
  );
}

/** Notes the items that stand elsewhere than by relevance alone. */
function diversityRules(ranking: Ranking, chosen: Ranking): [number, Rule][] {
  return chosen.items.flatMap((item, i): [number, Rule][] => {
    const before = ranking.items.indexOf(item);
    if (before === i) return [];
    return [
      [
        item,
        {
          rule: "diversity",
          message: `Chosen by marginal relevance; by relevance alone rank ${before + 1}.`,
        },
      ],
    ];
  });
}
