import { type CompiledFilter, intersection } from "../../columns/compile.ts";
import { scoringNs } from "../../forest/meter.ts";
import type { Accept } from "../../forest/types.ts";
import type { Work } from "../../format/work.ts";
import { expandIn } from "../../keyword/agreed.ts";
import { both, hasBit } from "../../keyword/conditions.ts";
import { type ExpandedQuery, foundTerms } from "../../keyword/expanded-query.ts";
import { type RareItem, rareItems } from "../../keyword/rare.ts";
import { FEW_HITS, rankByWords } from "../../keyword/search.ts";
import { boostedItems, curationNs, hiddenFilter, pinnedItems } from "../curation/facts.ts";
import type { CurationFacts, PinnedItem } from "../curation/types.ts";
import { languagesOf } from "../languages.ts";
import type { LoadedIndex } from "../loaded-index.ts";
import { isListed, type Query, rankedWords } from "../query.ts";
import { type Counts, firstOf, type Rankings, type WordRanking } from "../ranking.ts";
import { type Exactness, type SearchOptions, timed } from "../searcher.ts";
import type { FacetCounts } from "../types.ts";
import { probeWords } from "../words/probe.ts";
import { type Conditions, facetCountsOf, filterOf, type PartOptions, valuesFor } from "./conditions.ts";
import { countFound, listMatches } from "./list.ts";
import { distancesTo, MOST, nearestTo, wordDistances } from "./vectors.ts";

/** Prepared searches of one request, by query: a query may be ranked to several depths. */
export type PreparedSearches = Map<Query, PreparedSearch>;

/** Findings of a search that do not depend on the depth. */
interface PreparedSearch {
  readonly filter: CompiledFilter | undefined;
  readonly expanded: ExpandedQuery | undefined;
  /** Condition on the vectors' items: the filter's, and that of the text's operators. */
  readonly accept: Accept | undefined;
  readonly rare: readonly RareItem[];
  readonly facets: FacetCounts | undefined;
  readonly counts: Counts | undefined;
  /** The deepest ranking by words so far; its first are those of any other. */
  words?: { readonly k: number; readonly ranking: WordRanking; readonly isFew: boolean };
}

/** Ranks the items of one index in memory: by words, by vectors, or each by itself, with a filter before both. */
export async function rankInMemory(
  index: LoadedIndex,
  query: Query,
  part: PartOptions,
  options: SearchOptions = {},
  known: PreparedSearches = new Map(),
): Promise<Rankings> {
  const { keyword } = index;
  const { vector } = query;
  const { work } = options;
  if (query.probe) {
    const filter = conditionOf(index, query, part, work);
    return { probed: probeWords(index, query, { accept: filter?.accept, work }) };
  }
  if (isListed(query)) {
    return timed("keyword", options, () => {
      const filter = conditionOf(index, query, part, work);
      const expanded = expandedWords(index, query, part, work);
      return listMatches(index, query, part, { filter, expanded, work });
    });
  }
  const { prepared, words } = await timed("keyword", options, () => {
    const prepared = known.get(query) ?? prepare(index, query, part, work);
    known.set(query, prepared);
    return { prepared, words: rankedWords(query) && wordsTo(index, prepared, part) };
  });
  const { filter, expanded, accept, rare, facets, counts } = prepared;
  const exactness: Exactness = { estimated: false };
  const vectors =
    vector && part.nearest !== false
      ? await timed("forest", options, () =>
          nearestTo(index, { ...query, vector }, part, { accept, filter, work }, exactness),
        )
      : undefined;
  if (words && vector) work?.spend("vectors", scoringNs(words.items.length, index.forest.dimensions));
  const distances =
    words && vector ? await wordDistances(index, vector, { words, vectors }, part, exactness) : undefined;
  const items = [...(words?.items ?? []), ...(vectors?.items ?? [])];
  const conditions = { filter, expanded: rankedWords(query) && expanded, work };
  const curated = query.curation && (await curatedItems(index, query, items, conditions, exactness));
  const languages = keyword?.itemLanguages && words && languagesOf(keyword, words.items);
  const terms = query.terms && expanded && keyword ? foundTerms(keyword, expanded) : undefined;
  const values =
    (query.sort || query.groupBy) &&
    valuesFor(index, query, part, [
      ...new Set([...items, ...(curated?.pinned.map(({ item }) => item) ?? [])]),
    ]);
  return {
    ...(vectors && { vectors }),
    ...(words && { words: { ...words, ...(distances && { distances }) } }),
    ...(facets && { facets }),
    ...(exactness.estimated && { estimated: true }),
    ...(terms && { terms }),
    ...(rare.length > 0 && { rare }),
    ...(languages && { languages }),
    ...(counts && { counts }),
    ...(values && { values }),
    ...(curated && { curated }),
    ...(expanded?.report && { told: expanded.report() }),
  };
}

/** The items that a query may find: of this part, not hidden, and within its filter. */
function conditionOf(
  index: LoadedIndex,
  query: Query,
  { within, whole }: PartOptions,
  work: Work | undefined,
): CompiledFilter | undefined {
  const visible = query.curation ? intersection(within, hiddenFilter(index, query.curation)) : within;
  return query.filter ? intersection(visible, filterOf(index, query.filter, whole, work)) : visible;
}

/** Evaluates the filter, looks up the words and counts. */
function prepare(
  index: LoadedIndex,
  query: Query,
  part: PartOptions,
  work: Work | undefined,
): PreparedSearch {
  const { keyword } = index;
  const filter = conditionOf(index, query, part, work);
  const expanded = expandedWords(index, query, part, work);
  const ranked = rankedWords(query) && expanded;
  const kept = ranked?.kept();
  const accept = both(filter?.accept, kept && hasBit(kept));
  const conditions = { expanded, filter, work };
  return {
    filter,
    expanded,
    accept,
    rare: keyword && ranked ? rareItems(keyword, ranked, accept) : [],
    facets: query.facets && facetCountsOf(index, query, part, conditions),
    counts: query.total ? countFound(index, query, part, conditions) : undefined,
  };
}

/** The words that a query ranks by or marks, as an index has them; undefined without a query or an index of words. */
function expandedWords(
  { keyword }: LoadedIndex,
  query: Query,
  { expanded, agreed, lookUp }: PartOptions,
  work: Work | undefined,
): ExpandedQuery | undefined {
  const words = rankedWords(query) ?? (query.terms ? query.words : undefined);
  if (expanded || !keyword || !words) return expanded;
  // No filter and no rule of the curation keeps a document out, in this part or in others.
  const countsAll = query.filter === undefined && (query.curation?.hidden.length ?? 0) === 0;
  return expandIn(keyword, words, { agreed, lookUp, work, countsAll });
}

/** Curation of a query for the items that it has found. */
async function curatedItems(
  index: LoadedIndex,
  { curation, vector }: Query,
  found: readonly number[],
  conditions: Conditions,
  exactness: Exactness,
): Promise<CurationFacts | undefined> {
  if (!curation) return undefined;
  conditions.work?.spend("rules", curationNs(curation, found.length));
  const pins = pinnedItems(index, curation, conditions);
  const items = pins.map(({ item }) => item);
  const distances = vector && pins.length > 0 ? await distancesTo(index, vector, items, exactness) : [];
  const pinned = pins.map(
    (one, i): PinnedItem => ({ ...one, ...(distances[i] !== undefined && { distance: distances[i] }) }),
  );
  return { pinned, boosted: boostedItems(index, curation, [...found, ...items]) };
}

/** Returns the k best by words, and behind them items with a rare word that have no place among them. */
function wordsTo({ keyword }: LoadedIndex, prepared: PreparedSearch, part: PartOptions): WordRanking {
  const { expanded, rare, filter } = prepared;
  if (!keyword || !expanded) return { items: [], scores: [], bound: 0 };
  const { k, last, isFew = expanded.isFew ?? ((hits) => hits < FEW_HITS) } = part;
  if (!prepared.words || prepared.words.k < k) {
    let few = false;
    const ranking = rankByWords(keyword, expanded, {
      k,
      accept: filter?.accept,
      acceptsMost: filter !== undefined && filter.fraction >= MOST,
      above: last?.score,
      isFew: (hits) => {
        few = isFew(hits);
        return few;
      },
    });
    prepared.words = { k, ranking, isFew: few };
  }
  const { ranking, isFew: wereFew } = prepared.words;
  const words = { ...ranking, ...firstOf(ranking, k) };
  const found = new Set(words.items);
  const missing = new Set(rare.map(({ item }) => item).filter((item) => !found.has(item)));
  if (missing.size === 0) return words;
  const more = rankByWords(keyword, expanded, {
    k: missing.size,
    accept: (item) => missing.has(item),
    // Scored as the others are.
    isFew: () => wereFew,
  });
  return { ...words, items: [...words.items, ...more.items], scores: [...words.scores, ...more.scores] };
}
