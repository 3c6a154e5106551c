import { type CompiledFilter, intersection } from "../columns/compile.ts";
import { idOfItem, itemOfId } from "../format/ids.ts";
import { type RareItem, rareItems } from "../keyword/rare.ts";
import { rankByWords } from "../keyword/search.ts";
import type { WordStatistics } from "../keyword/statistics.ts";
import { foundTerms, type UnderstoodQuery, understand } from "../keyword/understand.ts";
import { facetCountsOf, filterOf, passing } from "./conditions.ts";
import { valuesFor } from "./fields.ts";
import { countFound, listInMemory } from "./listing.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import { type Accept, both, operatorsOf } from "./operators.ts";
import { isListed, type Query, rankedWords } from "./query.ts";
import type { Ranking, Rankings, RankOptions, WordRanking } from "./ranking.ts";
import type { Exactness, Searcher } from "./searcher.ts";
import { type SearchOptions, timed } from "./timing.ts";
import {
  byVector,
  distanceOf,
  distancesTo,
  vectorsOf,
  vectorsOrEstimates,
  wordDistances,
} from "./vectors.ts";

/** Makes the searcher of an index whose items are in memory. */
export function createMemorySearcher(index: LoadedIndex, options: SearchOptions): Searcher {
  return {
    index,
    options,
    rank: (query, k) => rankInMemory(index, query, { k }, options),
    documents: (items) => index.docstore.getItems(items),
    ids: async (items) => items.map((item) => idOfItem(index.ids, item) ?? String(item)),
    vectors: (items, exactness) =>
      exactness ? vectorsOrEstimates(index, items, exactness) : vectorsOf(index, items),
    distances: (vector, { items }, exactness) => distancesTo(index, vector, items, exactness),
    distance: (i, j) => distanceOf(index, i, j),
    itemOf: async (id) => itemOfId(index.ids, id),
    vectorOf: async (item) => (await vectorsOf(index, [item]))[0],
    passes: async (items, filter) => passing(index, items, filter),
    prefetch: async () => {},
    has: () => true,
    beside: () => ({ leave: () => {} }),
  };
}

/** Ranking of an index that is searched as a part of more. */
export interface PartOptions extends RankOptions {
  /** Items that may be found at all; all when left out. */
  readonly within?: CompiledFilter | undefined;
  /** Frequencies of words among all parts. */
  readonly statistics?: WordStatistics | undefined;
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
  const filter = intersection(part.within, filterOf(index, query, part));
  if (isListed(query)) return timed("keyword", options, () => listInMemory(index, query, part, filter));
  const ranked = rankedWords(query);
  const wanted = ranked ?? (query.terms ? query.words : undefined);
  const { understood, words, rare, accept } = await timed("keyword", options, () => {
    const understood = keyword && wanted && understand(keyword, wanted, part.statistics);
    const read = ranked && understood?.query;
    const operators = keyword && read ? operatorsOf(keyword, read) : undefined;
    const accept = both(filter?.accept, operators);
    const rare = keyword && understood && read ? rareItems(keyword, understood, accept) : [];
    const words = ranked && byWords(index, understood, part.k, filter?.accept);
    return { understood, rare, accept, words: words && withRare(index, understood, words, rare) };
  });
  const facets = facetCountsOf(index, query, part, understood, filter);
  const exactness: Exactness = { estimated: false };
  let vectors: Ranking | undefined;
  if (vector && part.nearest !== false) {
    vectors = await timed("forest", options, () =>
      byVector(index, { ...query, vector }, part, { accept, filter }, exactness),
    );
  }
  const distances =
    words && vector ? await wordDistances(index, vector, { words, vectors }, part, exactness) : undefined;
  const terms = query.terms && understood && keyword ? foundTerms(keyword, understood) : undefined;
  const counts = countFound(index, query, part, understood, filter);
  const values = valuesFor(index, query, part, [...(words?.items ?? []), ...(vectors?.items ?? [])]);
  return {
    ...(vectors && { vectors }),
    ...(words && { words: { ...words, ...(distances && { distances }) } }),
    ...(facets && { facets }),
    ...(exactness.estimated && { estimated: true }),
    ...(terms && { terms }),
    ...(rare.length > 0 && { rare }),
    ...(counts && { counts }),
    ...(values && { values }),
  };
}

function byWords(
  { keyword }: LoadedIndex,
  understood: UnderstoodQuery | undefined,
  k: number,
  accept: Accept | undefined,
): WordRanking {
  if (!keyword || !understood) return { items: [], scores: [], bound: 0 };
  const { items, scores, bound } = rankByWords(keyword, understood, { k, accept });
  return { items, scores, bound };
}

/** Adds items with a rare word to what the words have found, where the best k have no place for them. */
function withRare(
  { keyword }: LoadedIndex,
  understood: UnderstoodQuery | undefined,
  words: WordRanking,
  rare: readonly RareItem[],
): WordRanking {
  const found = new Set(words.items);
  const missing = new Set(rare.map(({ item }) => item).filter((item) => !found.has(item)));
  if (missing.size === 0 || !keyword || !understood) return words;
  const accept = (item: number) => missing.has(item);
  const { items, scores } = rankByWords(keyword, understood, { k: missing.size, accept });
  return { ...words, items: [...words.items, ...items], scores: [...words.scores, ...scores] };
}
