import { compareBy, type FieldValue, type ItemValues, shownValue } from "../columns/order.ts";
import type { FilterNode } from "../columns/parse.ts";
import { normalised } from "./combine.ts";
import { FUSION_DEPTH } from "./fusion.ts";
import { isListed, type Query, rankedWords } from "./query.ts";
import { holding, type PageCut, type Ranked, rankAll, textCheck, withPins } from "./rank.ts";
import { pickFrom, type Ranking, type Rankings } from "./ranking.ts";
import { rareFirst } from "./rare.ts";
import { MAX_K, MAX_LISTED } from "./schema.ts";
import type { Searcher, Shown } from "./searcher.ts";
import type { SearchRequest } from "./types.ts";

/** Work of comparing an entry of a list with another by its fields, in nanoseconds. */
const SORTED_NS = 400;

/**
 * Sorts and groups what a query finds, and cuts a page out. A list is sorted whole. A search by vectors finds every document, so only
 * its best {@link FUSION_DEPTH} hits are sorted, and groups are those of the best {@link MAX_K} at most.
 */
export async function sortedPage(searcher: Searcher, query: Query, request: SearchRequest): Promise<PageCut> {
  const { offset = 0, k } = request;
  const ranked = isListed(query)
    ? await listAll(searcher, query, request)
    : await rankEnough(searcher, query, request);
  const { ranking, rankings, isWhole } = ranked;
  const values = valuesByItem(rankings.values);
  const sortValues = query.sort && {
    sortValues: new Map(ranking.items.map((item) => [item, values.shown(item)] as const)),
  };
  if (!query.groupBy) {
    const page = [...ranking.items.keys()].slice(offset, offset + k);
    const found = ranking.items.length;
    const end = { documents: found };
    return { ...ranked, ranking: pickFrom(ranking, page), found, ...(isWhole && { end }), ...sortValues };
  }
  const shown = rareFirst(ranking, rankings.rare, query.words?.words);
  const groups = groupsOf(ranking, values, query.groupBy.hits, shown);
  const page = groups.slice(offset, offset + k);
  const positions = page.flatMap((group) => group.positions);
  return {
    ...ranked,
    ranking: pickFrom(ranking, positions),
    found: groups.length,
    ...(isWhole && { end: { documents: ranking.items.length, groups: groups.length } }),
    groups: page.map(({ value, positions }) => ({
      value: values.shownGroup(value),
      items: positions.map((i) => ranking.items[i]!),
    })),
    ...sortValues,
  };
}

/** Lists down to the end of the page. */
async function listAll(searcher: Searcher, query: Query, request: SearchRequest): Promise<RankedEnough> {
  const { offset = 0, k, minScore = 0 } = request;
  const check = textCheck(searcher, rankedWords(query));
  const depth = Math.min(MAX_LISTED, (offset + k) * (check ? 4 : 1));
  const found = await listTo(searcher, query, request, depth);
  const rankings = await completed(searcher, query, request, { depth, ...found });
  const ranking = inOrder(query, rankings, minScore);
  return {
    ranking: check ? await holding(searcher, ranking, check) : ranking,
    rankings: { ...rankings, ...found.counted },
    rules: new Map(),
    estimated: false,
    isWhole: false,
  };
}

async function listTo(
  searcher: Searcher,
  query: Query,
  { include }: SearchRequest,
  depth: number,
): Promise<{ readonly rankings: Rankings; readonly counted: Pick<Rankings, "counts" | "facets"> }> {
  const shown: Shown = {
    // Of a late page nothing lies among the best: a second round reads what it shows.
    among: depth > MAX_K ? 0 : depth * (query.groupBy?.hits ?? 1),
    documents: include.some((part) => part !== "vector"),
    vectors: include.includes("vector"),
  };
  const rankings = await searcher.rank(query, depth, shown);
  const { listed, counts, facets, parts = 1 } = rankings;
  // Each part is in order.
  const compared = (listed?.items.length ?? 0) * (1 + Math.log2(parts));
  searcher.options.work?.spend("sort", compared * SORTED_NS);
  return { rankings, counted: { ...(counts && { counts }), ...(facets && { facets }) } };
}

/**
 * Completes the groups of a list out of several parts: where one part has the best hit of a group, the next best may lie in another
 * that has many better groups and so did not tell of this one.
 */
async function completed(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
  { depth, rankings }: { readonly depth: number; readonly rankings: Rankings },
): Promise<Rankings> {
  const { parts = 1 } = rankings;
  const { groupBy } = query;
  if (parts === 1 || !groupBy || groupBy.hits === 1) return rankings;
  const ranking = inOrder(query, rankings, 0);
  const groups = groupsOf(ranking, valuesByItem(rankings.values), groupBy.hits).slice(0, depth);
  if (groups.length === 0) return rankings;
  const within = isIn(
    groupBy.field,
    groups.map(({ value }) => value),
  );
  const { total: _, facets: __, filter, ...rest } = query;
  const narrowed = { ...rest, filter: filter ? { kind: "and" as const, nodes: [filter, within] } : within };
  return (await listTo(searcher, narrowed, request, depth)).rankings;
}

/** The condition that a field has one of these values. */
function isIn(field: string, values: readonly FieldValue[]): FilterNode {
  const known = values.filter((value) => value !== null);
  const path = "groupBy";
  const nodes: FilterNode[] = [{ kind: "test", field, comparison: "in", values: known, path }];
  if (known.length < values.length)
    nodes.push({ kind: "test", field, comparison: "exists", values: [false], path });
  return { kind: "or", nodes };
}

/** Entries of all parts, in one order. */
function inOrder(query: Query, { listed, values }: Rankings, minScore: number): Ranking {
  if (!listed) return { items: [], scores: [] };
  return sorted(query, query.mode === "browse" ? listed : normalised(listed), values, minScore);
}

function sorted(
  { sort = [] }: Query,
  ranking: Ranking,
  values: ItemValues | undefined,
  minScore: number,
): Ranking {
  const { items, scores } = ranking;
  const keys = valuesByItem(values);
  const order = [...items.keys()].filter((i) => scores[i]! >= minScore);
  order.sort((a, b) => {
    for (const [i, key] of sort.entries()) {
      const difference = compareBy(key, keys.sort(items[a]!, i), keys.sort(items[b]!, i));
      if (difference !== 0) return difference;
    }
    return scores[b]! - scores[a]! || items[a]! - items[b]!;
  });
  return pickFrom(ranking, order);
}

/** A ranking, and whether no page leads to more. */
interface RankedEnough extends Ranked {
  readonly isWhole: boolean;
}

/** Ranks by words and vectors, deep enough for the page's groups. */
async function rankEnough(searcher: Searcher, query: Query, request: SearchRequest): Promise<RankedEnough> {
  const { offset = 0, k, minScore = 0 } = request;
  const best = (ranked: Ranked): Ranked => {
    const { ranking, rankings } = ranked;
    const ordered = query.sort
      ? sorted(query, ranking, rankings.values, minScore)
      : atLeast(ranking, minScore);
    const found = { ...ranked, ranking: ordered };
    // Whoever asks for an order by fields gets that.
    return query.sort ? found : { ...found, ...withPins(searcher, query, found) };
  };
  const near = best(await rankAll(searcher, query, request, FUSION_DEPTH));
  if (query.sort || near.ranking.items.length < FUSION_DEPTH) return { ...near, isWhole: true };
  const groups = groupsOf(near.ranking, valuesByItem(near.rankings.values), 1);
  if (groups.length >= offset + k) return { ...near, isWhole: false };
  return { ...best(await rankAll(searcher, query, { ...request, offset }, MAX_K)), isWhole: true };
}

function atLeast(ranking: Ranking, minScore: number): Ranking {
  if (minScore <= 0) return ranking;
  return pickFrom(
    ranking,
    [...ranking.items.keys()].filter((i) => ranking.scores[i]! >= minScore),
  );
}

interface Group {
  readonly value: FieldValue;
  /** Positions in the ranking. */
  readonly positions: readonly number[];
}

/** The groups of a ranking, each where its first item is, with its first few, and in the place of the last of these what must be shown. */
function groupsOf(
  { items }: Ranking,
  values: ValuesByItem,
  hits: number,
  shown: ReadonlySet<number> = new Set(),
): Group[] {
  const groups = new Map<FieldValue, { readonly value: FieldValue; readonly positions: number[] }>();
  for (const [i, item] of items.entries()) {
    const value = values.group(item);
    const group = groups.get(value) ?? { value, positions: [] };
    groups.set(value, group);
    const { positions } = group;
    if (positions.length < hits) positions.push(i);
    else if (shown.has(item)) {
      const spare = positions.findLastIndex((position) => !shown.has(items[position]!));
      if (spare < 0) continue;
      positions.splice(spare, 1);
      positions.push(i);
    }
  }
  return [...groups.values()];
}

interface ValuesByItem {
  /** Value of the field with this number among those to sort by. */
  sort(item: number, key: number): FieldValue;
  group(item: number): FieldValue;
  /** Values to sort by as an answer shows them, and that of a group. */
  shown(item: number): FieldValue[];
  shownGroup(value: FieldValue): FieldValue;
}

function valuesByItem(values: ItemValues | undefined): ValuesByItem {
  const { items = [], sort = [], group } = values ?? {};
  const at = new Map(items.map((item, i) => [item, i]));
  const valueAt = (column: { readonly values: readonly FieldValue[] } | undefined, item: number) =>
    column?.values[at.get(item) ?? -1] ?? null;
  return {
    sort: (item, key) => valueAt(sort[key], item),
    group: (item) => valueAt(group, item),
    shownGroup: (value) => (group ? shownValue(group.kind, value) : value),
    shown: (item) => sort.map((column) => shownValue(column.kind, valueAt(column, item))),
  };
}
