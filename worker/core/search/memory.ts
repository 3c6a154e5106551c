import { type CompiledFilter, intersection } from "../columns/compile.ts";
import { scoringNs } from "../forest/meter.ts";
import { idOfItem, itemOfId } from "../format/ids.ts";
import type { Work } from "../format/work.ts";
import { type Accept, both, hasBit } from "../keyword/conditions.ts";
import type { KeywordIndex } from "../keyword/keyword-index.ts";
import { type RareItem, rareItems } from "../keyword/rare.ts";
import { FEW_HITS, rankByWords } from "../keyword/search.ts";
import { foundTerms, type UnderstoodQuery } from "../keyword/understand.ts";
import { type Conditions, facetCountsOf, filterOf, passing, valuesFor } from "./conditions.ts";
import { boostedItems, curationNs, hiddenFilter, pinnedItems } from "./curation/facts.ts";
import type { CurationFacts, PinnedItem } from "./curation/types.ts";
import { DOCUMENT_NS } from "./docstore.ts";
import { languagesOf } from "./languages.ts";
import { countFound, type ListOptions, listInMemory } from "./listing.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import { countsAll, isListed, type Query, rankedWords, understoodIn } from "./query.ts";
import { type Counts, firstOf, type Ranking, type Rankings, type WordRanking } from "./ranking.ts";
import { type Exactness, type Searcher, type SearchOptions, timed } from "./searcher.ts";
import type { FacetCounts } from "./types.ts";
import {
  byVector,
  distanceOf,
  distancesTo,
  MOST,
  vectorsOf,
  vectorsOrEstimates,
  wordDistances,
} from "./vectors.ts";
import { probeWords } from "./words/probe.ts";

/** Makes the searcher of an index whose items are in memory. */
export function createMemorySearcher(index: LoadedIndex, options: SearchOptions): Searcher {
  const known: KnownQueries = new Map();
  return {
    index,
    options,
    rank: (query, k) => rankInMemory(index, query, { k, known }, options),
    async documents(items) {
      options.work?.spend("answer", items.length * DOCUMENT_NS);
      return index.docstore.getItems(items, options.work);
    },
    ids: async (items) => items.map((item) => idOfItem(index.ids, item) ?? String(item)),
    vectors: (items, exactness) =>
      exactness ? vectorsOrEstimates(index, items, exactness) : vectorsOf(index, items),
    distances: (vector, { items }, exactness) => distancesTo(index, vector, items, exactness),
    distance: (i, j) => distanceOf(index, i, j),
    itemOf: async (id) => itemOfId(index.ids, id),
    vectorOf: async (item) => (await vectorsOf(index, [item]))[0],
    passes: async (items, filter) => passing(index, items, filter, { work: options.work }),
    prefetch: async () => {},
    has: () => true,
    beside: () => ({ leave: () => {} }),
  };
}

/** Ranking of an index that is searched as a part of more. */
export interface PartOptions extends ListOptions {
  /** Items that may be found at all; all when left out. */
  readonly within?: CompiledFilter | undefined;
  /** The last of another part's finds: nothing that is worse is wanted. */
  readonly last?: { readonly distance: number | undefined; readonly score: number | undefined } | undefined;
  /** Keeps what of a query does not depend on the depth, for one that is ranked to several. Of one index and request. */
  readonly known?: KnownQueries | undefined;
}

/** Findings about queries that are ranked to several depths. */
export type KnownQueries = Map<Query, Known>;

interface Known {
  readonly filter: CompiledFilter | undefined;
  readonly understood: UnderstoodQuery | undefined;
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
): Promise<Rankings> {
  const { keyword } = index;
  const { vector } = query;
  if (query.probe) {
    const filter = conditionOf(index, query, part, options.work);
    return { probed: probeWords(index, query, { accept: filter?.accept, work: options.work }) };
  }
  if (isListed(query)) {
    return timed("keyword", options, () => {
      const filter = conditionOf(index, query, part, options.work);
      return listInMemory(index, query, part, filter, options.work);
    });
  }
  const { known, words } = await timed("keyword", options, () => {
    const known = part.known?.get(query) ?? findOut(index, query, part, options.work);
    part.known?.set(query, known);
    return { known, words: rankedWords(query) && wordsTo(index, known, part) };
  });
  const { filter, understood, accept, rare, facets, counts } = known;
  const exactness: Exactness = { estimated: false };
  let vectors: Ranking | undefined;
  if (vector && part.nearest !== false) {
    const among = { accept, filter, work: options.work, bound: part.last?.distance };
    vectors = await timed("forest", options, () =>
      byVector(index, { ...query, vector }, part, among, exactness),
    );
  }
  if (words && vector) {
    options.work?.spend("vectors", scoringNs(words.items.length, index.forest.dimensions));
  }
  const distances =
    words && vector ? await wordDistances(index, vector, { words, vectors }, part, exactness) : undefined;
  const ofText = rankedWords(query) && understood;
  const ranked = { words, vectors, conditions: { filter, understood: ofText, work: options.work } };
  const curated = await curatedItems(index, query, ranked, exactness);
  const languages = keyword && words && languagesOf(keyword, words.items);
  const terms = query.terms && understood && keyword ? foundTerms(keyword, understood) : undefined;
  const pinned = curated?.pinned.map(({ item }) => item) ?? [];
  const values = valuesFor(index, query, part, () => [
    ...new Set([...(words?.items ?? []), ...(vectors?.items ?? []), ...pinned]),
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
    ...(understood?.tell && { told: understood.tell() }),
  };
}

/** The items that a query may find: of this part, not hidden, and within its filter. */
function conditionOf(
  index: LoadedIndex,
  query: Query,
  part: PartOptions,
  work: Work | undefined,
): CompiledFilter | undefined {
  const visible = intersection(part.within, hiddenFilter(index, query.curation));
  return intersection(visible, filterOf(index, query, part, work));
}

/** Evaluates the filter, looks up the words and counts: whatever the depth. */
function findOut(index: LoadedIndex, query: Query, part: PartOptions, work: Work | undefined): Known {
  const { keyword } = index;
  const filter = conditionOf(index, query, part, work);
  const ranked = rankedWords(query);
  const wanted = ranked ?? (query.terms ? query.words : undefined);
  const understood = understoodIn(keyword, wanted, { ...part, countsAll: countsAll(query) }, work);
  const kept = ranked && understood?.kept();
  const accept = both(filter?.accept, kept && hasBit(kept));
  const rare = keyword && understood && ranked ? rareItems(keyword, understood, accept) : [];
  const facets = facetCountsOf(index, query, part, { understood, filter, work });
  const counts = countFound(index, query, part, { understood, filter, work });
  return { filter, understood, accept, rare, facets, counts };
}

/** Curation of a query for the items of an index. */
async function curatedItems(
  index: LoadedIndex,
  { curation, vector }: Query,
  {
    words,
    vectors,
    conditions,
  }: { readonly [Side in "words" | "vectors"]: Ranking | undefined } & {
    readonly conditions: Conditions;
  },
  exactness: Exactness,
): Promise<CurationFacts | undefined> {
  if (!curation) return undefined;
  const found = [...(words?.items ?? []), ...(vectors?.items ?? [])];
  conditions.work?.spend("rules", curationNs(curation, found.length));
  const pins = pinnedItems(index, curation, conditions);
  const distances =
    vector && pins.length > 0
      ? await distancesTo(
          index,
          vector,
          pins.map(({ item }) => item),
          exactness,
        )
      : [];
  const pinned = pins.map(
    (one, i): PinnedItem => ({ ...one, ...(distances[i] !== undefined && { distance: distances[i] }) }),
  );
  const all = [...found, ...pins.map(({ item }) => item)];
  return { pinned, boosted: boostedItems(index, curation, all) };
}

/** Returns the k best by words, and behind them items with a rare word that have no place among them. */
function wordsTo({ keyword }: LoadedIndex, known: Known, part: PartOptions): WordRanking {
  const { understood, rare } = known;
  if (!keyword || !understood) return { items: [], scores: [], bound: 0 };
  if (!known.words || known.words.k < part.k) known.words = wordRanking(keyword, understood, known, part);
  const { ranking, isFew } = known.words;
  const words = { ...ranking, ...firstOf(ranking, part.k) };
  const found = new Set(words.items);
  const missing = new Set(rare.map(({ item }) => item).filter((item) => !found.has(item)));
  if (missing.size === 0) return words;
  const more = rankByWords(keyword, understood, {
    k: missing.size,
    accept: (item) => missing.has(item),
    // Scored as the others are.
    isFew: () => isFew,
  });
  return { ...words, items: [...words.items, ...more.items], scores: [...words.scores, ...more.scores] };
}

function wordRanking(
  keyword: KeywordIndex,
  understood: UnderstoodQuery,
  { filter }: Known,
  { k, last, isFew = understood.isFew ?? ((hits) => hits < FEW_HITS) }: PartOptions,
): NonNullable<Known["words"]> {
  let few = false;
  const decide = (hits: number) => {
    few = isFew(hits);
    return few;
  };
  const best = rankByWords(keyword, understood, {
    ...{ k, accept: filter?.accept, isFew: decide },
    acceptsMost: filter !== undefined && filter.fraction >= MOST,
    above: last?.score,
  });
  const ranking = { items: best.items, scores: best.scores, bound: best.bound, bounds: best.bounds };
  return { k, ranking, isFew: few };
}
