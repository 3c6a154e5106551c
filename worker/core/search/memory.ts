import { type CompiledFilter, intersection } from "../columns/compile.ts";
import { idOfItem, itemOfId } from "../format/ids.ts";
import { type RareItem, rareItems } from "../keyword/rare.ts";
import { FEW_HITS, rankByWords } from "../keyword/search.ts";
import type { WordStatistics } from "../keyword/statistics.ts";
import { foundTerms, type UnderstoodQuery, understand } from "../keyword/understand.ts";
import { facetCountsOf, filterOf, passing } from "./conditions.ts";
import { boostedItems, hiddenFilter, pinnedItems } from "./curation/facts.ts";
import type { CurationFacts, PinnedItem } from "./curation/types.ts";
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
  /** The query's words, looked up among those of all parts. */
  readonly understood?: UnderstoodQuery | undefined;
  /** Whether so many hits by words are few among those of all parts. */
  readonly isFew?: ((hits: number) => boolean) | undefined;
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
  const visible = intersection(part.within, hiddenFilter(index, query.curation));
  const filter = intersection(visible, filterOf(index, query, part));
  if (isListed(query)) return timed("keyword", options, () => listInMemory(index, query, part, filter));
  const ranked = rankedWords(query);
  const wanted = ranked ?? (query.terms ? query.words : undefined);
  const { understood, words, rare, accept } = await timed("keyword", options, () => {
    const understood = part.understood ?? (keyword && wanted && understand(keyword, wanted, part.statistics));
    const read = ranked && understood?.query;
    const operators = keyword && read ? operatorsOf(keyword, read) : undefined;
    const accept = both(filter?.accept, operators);
    const rare = keyword && understood && read ? rareItems(keyword, understood, accept) : [];
    const words = ranked && byWords(index, understood, part, { rare, accept: filter?.accept });
    return { understood, rare, accept, words };
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
  const curated = await curatedItems(index, query, { words, vectors, accept: filter?.accept }, exactness);
  const terms = query.terms && understood && keyword ? foundTerms(keyword, understood) : undefined;
  const counts = countFound(index, query, part, understood, filter);
  const pinned = curated?.pinned.map(({ item }) => item) ?? [];
  const found = new Set([...(words?.items ?? []), ...(vectors?.items ?? []), ...pinned]);
  const values = valuesFor(index, query, part, [...found]);
  return {
    ...(vectors && { vectors }),
    ...(words && { words: { ...words, ...(distances && { distances }) } }),
    ...(facets && { facets }),
    ...(exactness.estimated && { estimated: true }),
    ...(terms && { terms }),
    ...(rare.length > 0 && { rare }),
    ...(counts && { counts }),
    ...(values && { values }),
    ...(curated && { curated }),
  };
}

/** What the curation of a query says of the items that an index has. */
async function curatedItems(
  index: LoadedIndex,
  { curation, vector }: Query,
  {
    words,
    vectors,
    accept,
  }: { readonly [Side in "words" | "vectors"]: Ranking | undefined } & {
    readonly accept: Accept | undefined;
  },
  exactness: Exactness,
): Promise<CurationFacts | undefined> {
  if (!curation) return undefined;
  const pins = pinnedItems(index, curation, accept);
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
  const found = [...(words?.items ?? []), ...(vectors?.items ?? []), ...pins.map(({ item }) => item)];
  return { pinned, boosted: boostedItems(index, curation, found) };
}

/** Ranks by words; items with a rare word are in the ranking even where the best k have no place for them. */
function byWords(
  { keyword }: LoadedIndex,
  understood: UnderstoodQuery | undefined,
  { k, isFew = (hits) => hits < FEW_HITS }: PartOptions,
  { rare, accept }: { readonly rare: readonly RareItem[]; readonly accept: Accept | undefined },
): WordRanking {
  if (!keyword || !understood) return { items: [], scores: [], bound: 0 };
  let few = false;
  const decide = (hits: number) => {
    few = isFew(hits);
    return few;
  };
  const best = rankByWords(keyword, understood, { k, accept, isFew: decide });
  const words = { items: best.items, scores: best.scores, bound: best.bound, bounds: best.bounds };
  const found = new Set(words.items);
  const missing = new Set(rare.map(({ item }) => item).filter((item) => !found.has(item)));
  if (missing.size === 0) return words;
  const more = rankByWords(keyword, understood, {
    k: missing.size,
    accept: (item) => missing.has(item),
    // Scored as the others are.
    isFew: () => few,
  });
  return { ...words, items: [...words.items, ...more.items], scores: [...words.scores, ...more.scores] };
}
