import type { Forest, Neighbours } from "../../worker/core/forest/types.ts";
import type { CertifiedRecall, ChangeDrift } from "../../worker/core/format/meta.ts";
import { encodeTerm, findTerm } from "../../worker/core/keyword/dictionary.ts";
import { lexiconOf } from "../../worker/core/keyword/lexicon.ts";
import { searchKOfChanges } from "../../worker/core/search/changes/rank.ts";
import type { Changes, LoadedIndex } from "../../worker/core/search/loaded-index.ts";
import { MOST } from "../../worker/core/search/memory/vectors.ts";
import { createRandom } from "../numeric/random.ts";
import { meanOf, round } from "../numeric/statistics.ts";
import { between, bruteForce, liveItems, recallOf } from "../recall/verify.ts";
import type { Progress } from "../settings/progress.ts";

/** Multiply-adds spent on exact answers: about a second. */
const BUDGET = 1e9;
const LEAST_QUERIES = 20;
export const MOST_QUERIES = 100;
/** Depths of the certified recall. */
export const DEPTHS = [1, 10, 100] as const;
/** Vectors of either part whose distance from the base is looked at. */
const DRIFT_SAMPLE = 100;

/** Forests of base and changes as one: what a search by vector of both finds. */
export function joinForests({ base, added, kept }: Changes): Forest {
  const first = base.forest.nItems;
  const { metric } = base.forest;
  const sign = metric === "dot" ? -1 : 1;
  const vector = (item: number) =>
    item >= first
      ? added.forest.vector(item - first)
      : kept.accept(item)
        ? base.forest.vector(item)
        : undefined;
  return {
    ...base.forest,
    nItems: first + added.forest.nItems,
    vector,
    search(query, options): Neighbours {
      const { k } = options;
      const { accept, bits, fraction } = kept;
      const a = base.forest.search(query, {
        ...options,
        accept,
        acceptBits: bits,
        acceptFraction: fraction,
        acceptsMost: fraction >= MOST,
      });
      const b = added.forest.search(query, {
        ...options,
        searchK: searchKOfChanges(base.forest, added.forest, k),
        bound: a.distances[k - 1],
      });
      const all = [
        ...a.items.map((item, i) => ({ item, distance: a.distances[i]! })),
        ...b.items.map((item, i) => ({ item: item + first, distance: b.distances[i]! })),
      ];
      const best = all.sort((x, y) => sign * (x.distance - y.distance) || x.item - y.item).slice(0, k);
      return {
        items: best.map(({ item }) => item),
        distances: best.map(({ distance }) => distance),
        met: a.met + b.met,
        candidates: a.candidates + b.candidates,
        scored: a.scored + b.scored,
      };
    },
  };
}

/** Vectors of a part of an index, of base and changes together, and the items that have one: those of the base come first. */
export interface MeasuredPart {
  readonly forest: Forest;
  readonly items: Uint32Array;
  /** Number of the first item of the changes. */
  readonly first: number;
}

/**
 * Queries to measure base and changes by: vectors that lie between an item and its neighbours and are none themselves. As
 * many come from the changes of all parts as from the bases.
 */
export function mixedQueries(parts: readonly MeasuredPart[], wanted: number): Float32Array[] {
  const random = createRandom(1);
  const old = picker(parts, (item, first) => item < first);
  const fresh = picker(parts, (item, first) => item >= first);
  return Array.from({ length: wanted }, (_, i) => {
    const [own, other] = i % 2 === 0 ? [old, fresh] : [fresh, old];
    const { forest, item } = (own.count > 0 ? own : other).pick(random());
    return between(forest, item, random);
  });
}

/** Picks among some of the items of all parts. */
function picker(parts: readonly MeasuredPart[], isOwn: (item: number, first: number) => boolean) {
  const lists = parts.map(({ items, first }) => items.filter((item) => isOwn(item, first)));
  const count = lists.reduce((sum, { length }) => sum + length, 0);
  return {
    count,
    pick(share: number): { readonly forest: Forest; readonly item: number } {
      let place = Math.floor(share * count);
      const part = lists.findIndex(({ length }) => {
        place -= length;
        return place < 0;
      });
      return { forest: parts[part]!.forest, item: lists[part]!.at(place)! };
    },
  };
}

/** The recall of base and changes together, with the base's default searchK. */
export function certifyChanges(
  changes: Changes,
  certified: CertifiedRecall,
  onProgress?: (progress: Progress) => void,
): CertifiedRecall {
  const forest = joinForests(changes);
  const items = liveItems(forest);
  const depths = DEPTHS.filter((k) => k < items.length);
  const deepest = depths.at(-1);
  if (deepest === undefined) return { ...certified, queries: 0, heldOut: false };
  const affordable = Math.floor(BUDGET / (items.length * forest.dimensions));
  const wanted = Math.min(items.length, MOST_QUERIES, Math.max(LEAST_QUERIES, affordable));
  const queries = mixedQueries([{ forest, items, first: changes.base.forest.nItems }], wanted);
  const nearest = bruteForce(forest, items, queries, deepest, onProgress);
  const recalls = depths.map((k) => queries.map((query, q) => recallOf(forest, query, nearest[q]!, k)));
  return withRecalls(certified, recalls);
}

/**
 * The certified recall of an index with changes.
 *
 * @param recalls at 1, 10 and 100, as far as there are so many items: those of the same queries each
 */
export function withRecalls(certified: CertifiedRecall, recalls: readonly number[][]): CertifiedRecall {
  const [at1 = 1, at10 = at1, at100 = at10] = recalls.map((list) =>
    round(meanOf(list, (recall) => recall, 1)),
  );
  return {
    ...certified,
    queries: recalls[0]?.length ?? 0,
    choosingQueries: 0,
    heldOut: true,
    met: at10 >= certified.target,
    recallAt1: at1,
    recallAt10: at10,
    recallAt100: at100,
  };
}

/** Mean distance of added vectors from the base, in parts of how far the base's own lie from each other; undefined for none. */
function driftOfVectors({ base, added }: Changes): number | undefined {
  const mean = (forest: Forest, isOwn: boolean): number | undefined => {
    const count = Math.min(DRIFT_SAMPLE, forest.nItems);
    const found: number[] = [];
    for (let i = 0; i < count; i++) {
      const item = Math.floor((i * forest.nItems) / count);
      const vector = forest.vector(item);
      if (!vector?.some((x) => x !== 0)) continue;
      const { items, distances } = base.forest.search(vector, { k: 2 });
      const nearest = items.findIndex((other) => !(isOwn && other === item));
      if (nearest >= 0) found.push(distances[nearest]!);
    }
    return found.length > 0 ? found.reduce((sum, x) => sum + x, 0) / found.length : undefined;
  };
  // Inner products are no distances.
  if (base.forest.metric === "dot") return undefined;
  const [own, fresh] = [mean(base.forest, true), mean(added.forest, false)];
  return own !== undefined && fresh !== undefined && own > 0 ? fresh / own : undefined;
}

/** The share of added documents' words, by occurrence in documents, that no document of a base has. */
function unknownWords(parts: readonly Changes[], bases: readonly LoadedIndex[]): number | undefined {
  const known = bases.flatMap(({ keyword }) => keyword?.dictionary ?? []);
  if (known.length === 0) return undefined;
  let all = 0;
  let unknown = 0;
  for (const { keyword } of parts.map(({ added }) => added)) {
    if (!keyword) continue;
    const own = lexiconOf(keyword.dictionary);
    for (let term = 0; term < keyword.dictionary.nTerms; term++) {
      const { documents } = own.entry(term);
      if (documents === 0) continue;
      all += documents;
      const key = encodeTerm(own.text(term));
      if (known.every((dictionary) => findTerm(dictionary, key) < 0)) unknown += documents;
    }
  }
  return all > 0 ? unknown / all : 0;
}

/**
 * Measures how badly changes fit what their bases were built from.
 *
 * @param parts the changes, of an index in shards those of each shard that has some
 * @param documents those of all bases
 */
export function measureDrift(
  parts: readonly Changes[],
  bases: readonly LoadedIndex[],
  documents: number,
): ChangeDrift {
  const words = unknownWords(parts, bases);
  const distances = parts.flatMap((changes) => {
    const distance = driftOfVectors(changes);
    return distance === undefined ? [] : { distance, weight: changes.added.forest.nItems };
  });
  const total = distances.reduce((sum, { weight }) => sum + weight, 0);
  const distance =
    total > 0 ? distances.reduce((sum, one) => sum + (one.distance * one.weight) / total, 0) : undefined;
  const changed = parts.reduce((sum, { added, removed }) => sum + added.forest.nItems + removed.length, 0);
  return {
    changed: rounded(changed / Math.max(1, documents)),
    ...(words !== undefined && { unknownWords: rounded(words) }),
    ...(distance !== undefined && { distance: rounded(distance) }),
  };
}

function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}
