import type { CompiledFilter } from "../../columns/compile.ts";
import { bitsOf, itemsOf, selectFirst } from "../../columns/select.ts";
import type { Work } from "../../format/work.ts";
import { type ExpandedQuery, foundTerms } from "../../keyword/expanded-query.ts";
import { everyMatch, tellingMatches } from "../../keyword/search.ts";
import { pinnedItems } from "../curation/facts.ts";
import type { LoadedIndex } from "../loaded-index.ts";
import { type Query, rankedWords } from "../query.ts";
import type { Counts, Rankings, WordRanking } from "../ranking.ts";
import {
  type Conditions,
  columnsOf,
  countsOf,
  facetCountsOf,
  type PartOptions,
  valuesFor,
} from "./conditions.ts";

/** Work in nanoseconds: to list an item, and to compare it by a field or to count its group. */
const ITEM_NS = 15;
const COMPARED_NS = 60;
/** Work of counting an item, in nanoseconds. */
const COUNTED_NS = 30;

/** Items ascending, with their scores. */
interface Matches {
  readonly items: ArrayLike<number>;
  readonly scores?: readonly number[];
  readonly bound: number;
  readonly bounds?: WordRanking["bounds"];
}

/**
 * Lists what a query matches, in the order of its fields: all that pass the filter, or those of them that hold its words. Linear in
 * the items and the words' lists.
 *
 * @throws SearchError `UNKNOWN_FILTER_FIELD`, `NO_FILTERABLE_COLUMNS`, `INVALID_VALUE`
 */
export function listMatches(
  index: LoadedIndex,
  query: Query,
  part: PartOptions,
  conditions: Conditions,
): Rankings {
  const { keyword } = index;
  const { expanded, filter, work } = conditions;
  const columns = columnsOf(index, part.whole, query.sort ? "sort" : "filter");
  const { items, scores, bound, bounds } = rankedWords(query)
    ? wordMatches(index, query, expanded, filter)
    : { items: itemsOf((filter ?? { bits: columns.present }).bits, columns.nItems), bound: 1 };
  const compared = (query.sort?.length ?? 0) + (query.groupBy ? 2 : 0) + (query.total ? 1 : 0);
  work?.spend("sort", columns.nItems + items.length * (ITEM_NS + compared * COMPARED_NS));
  const first = selectFirst(columns, { items, ...(scores && { scores }) }, { ...query, depth: part.k });
  const listed = first.map((i) => items[i]!);
  return {
    listed: { items: listed, scores: first.map((i) => scores?.[i] ?? 1), bound, ...(bounds && { bounds }) },
    ...(query.facets && { facets: facetCountsOf(index, query, part, conditions) }),
    ...((query.sort || query.groupBy) && { values: valuesFor(index, query, part, listed) }),
    ...(query.total && {
      counts: countsOf(index, query, part, { bits: bitsOf(items, columns.nItems), count: items.length }),
    }),
    ...(query.terms && expanded && keyword && { terms: foundTerms(keyword, expanded) }),
    ...(expanded?.report && { told: expanded.report() }),
  };
}

function wordMatches(
  { keyword }: LoadedIndex,
  { minScore = 0 }: Query,
  expanded: ExpandedQuery | undefined,
  filter: CompiledFilter | undefined,
): Matches {
  if (!keyword || !expanded) return { items: [], scores: [], bound: 0 };
  return scoredAtLeast(tellingMatches(keyword, expanded, filter?.accept), minScore, expanded.work);
}

function scoredAtLeast<T extends Matches & { readonly scores: readonly number[] }>(
  matches: T,
  minScore: number,
  work: Work | undefined,
): Matches {
  if (minScore <= 0) return matches;
  const { scores, bound } = matches;
  work?.spend("sort", scores.length * COMPARED_NS);
  const kept = [...scores.keys()].filter((i) => bound > 0 && scores[i]! / bound >= minScore);
  return { ...matches, items: kept.map((i) => matches.items[i]!), scores: kept.map((i) => scores[i]!) };
}

/** Adds the pinned items, which pages show as well. */
function withPinned(
  index: LoadedIndex,
  { curation }: Query,
  items: ArrayLike<number>,
  conditions: Conditions,
): ArrayLike<number> {
  if (!curation || curation.pins.length === 0) return items;
  const pinned = new Set(pinnedItems(index, curation, conditions).map(({ item }) => item));
  const found = Array.from(items);
  for (const item of found) pinned.delete(item);
  return pinned.size === 0 ? items : [...found, ...pinned];
}

/**
 * Counts what a ranked query finds. By words all hits; with vectors an estimate: the documents that hold a telling word, or without
 * words those that pass the filter. Linear.
 */
export function countFound(
  index: LoadedIndex,
  query: Query,
  part: PartOptions,
  { expanded, filter, work }: Conditions,
): Counts {
  work?.spend("sort", index.forest.nItems * ITEM_NS);
  const { keyword, forest, columns } = index;
  const ofItems = (items: ArrayLike<number>) => {
    work?.spend("sort", items.length * COUNTED_NS);
    return countsOf(index, query, part, { bits: bitsOf(items, forest.nItems), count: items.length });
  };
  if (query.mode === "keyword") {
    if (!keyword || !expanded) return ofItems([]);
    const { minScore = 0 } = query;
    const found = everyMatch(keyword, expanded, { accept: filter?.accept, isFew: part.isFew });
    return ofItems(
      withPinned(index, query, scoredAtLeast(found, minScore, work).items, { filter, expanded, work }),
    );
  }
  const passing = filter?.count ?? forest.artifact.header.nSlots;
  if (query.mode === "hybrid") {
    const { items } = keyword && expanded ? tellingMatches(keyword, expanded, filter?.accept) : { items: [] };
    return { ...ofItems(items), passing };
  }
  const bits = filter?.bits ?? columns?.present ?? new Uint32Array(0);
  return countsOf(index, query, part, { bits, count: passing });
}
