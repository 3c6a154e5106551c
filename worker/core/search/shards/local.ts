import { findSection, requireView } from "../../format/artifact.ts";
import { ArtifactError } from "../../format/errors.ts";
import { idOfItem } from "../../format/ids.ts";
import { createWork, REQUEST_WORK, type Work } from "../../format/work.ts";
import { type ChangedIndex, rankChanged } from "../changes/rank.ts";
import type { LoadedIndex } from "../loaded-index.ts";
import { passing } from "../memory/conditions.ts";
import { rankInMemory } from "../memory/rank.ts";
import { renumbered } from "../merge.ts";
import { openSearcher } from "../open-searcher.ts";
import type { SearchOptions } from "../searcher.ts";
import { bytesOf, firstPart, MAX_CALL_BYTES, MAX_FACET_BYTES } from "./details.ts";
import type {
  DetailsPart,
  DetailsRequest,
  ItemDetails,
  Located,
  PassingRequest,
  Shard,
  ShardAnswers,
  ShardQuery,
  ShardRankings,
  Show,
} from "./types.ts";
import { type Outcome, outcomeOf } from "./wire.ts";
import { detailsNs, questionNs, rankingsNs } from "./work.ts";

/** Shares of a call's bytes, besides that of facets: details shown with rankings, and details asked for by themselves. */
const MAX_SHOWN_BYTES = MAX_CALL_BYTES / 3;
const MAX_DETAILS_BYTES = MAX_CALL_BYTES / 3;

/** Mapping between a shard's own item numbers and those of the whole index. */
interface Numbering {
  readonly outer: (item: number) => number;
  /** Undefined for an item of another shard, or one that is gone. */
  readonly inner: (item: number) => number | undefined;
}

/**
 * A shard over an index in memory, or over one with changes. Opening checks its numbers, O(items).
 *
 * @throws ArtifactError `CORRUPT_IDS` when section `shardItems` does not ascend
 */
export function openShard(index: LoadedIndex): Shard {
  const own: Own = { index, ...numberingOf(index) };
  return {
    async ask({ ranks, details, located, passing = [], left = REQUEST_WORK }): Promise<ShardAnswers> {
      const work = createWork(Math.min(left, REQUEST_WORK));
      const options = { work };
      const lists = ranks.reduce(
        (sum, { facets = [], groupBy }) => sum + facets.length + (groupBy ? 1 : 0),
        1,
      );
      const facetBytes = MAX_FACET_BYTES / lists;
      const [ranked, found, passed] = await Promise.all([
        Promise.all(ranks.map((query) => outcomeOf(() => rank(own, withRoom(query, facetBytes), options)))),
        Promise.all(located.map((wanted) => outcomeOf(() => locate(own, wanted)))),
        Promise.all(passing.map((request) => outcomeOf(async () => passingItems(own, request, options)))),
      ]);
      return {
        ranks: spareShown(ranked),
        details: await detailsInTurn(own, details, options),
        located: found,
        passing: passed,
        spent: work.spent(),
      };
    },
  };
}

/** Sets the bytes that each facet of a query may take beyond what an answer shows. */
function withRoom(query: ShardQuery, facetBytes: number): ShardQuery {
  return query.whole ? { ...query, whole: { ...query.whole, facetBytes } } : query;
}

interface Own extends Numbering {
  readonly index: LoadedIndex;
}

async function rank(
  { index, outer }: Own,
  { show, ...query }: ShardQuery,
  options: { readonly work: Work },
): Promise<ShardRankings> {
  options.work.spend("shards", questionNs(query));
  const own = isChanged(index)
    ? await rankChanged(index, query, query, options)
    : await rankInMemory(index, query, query, options);
  const { vectors, words, listed, curated } = own;
  const best =
    show &&
    new Set([
      ...[vectors, words, listed].flatMap((ranking) => ranking?.items.slice(0, show.first) ?? []),
      ...(curated?.pinned ?? []).map(({ item }) => item),
    ]);
  const rankings: ShardRankings = {
    ...renumbered(own, outer),
    ...(show && best && { shown: [...best].map((item) => shownOf(index, item, outer(item), show)) }),
  };
  options.work.spend("shards", rankingsNs(rankings));
  return rankings;
}

function isChanged(index: LoadedIndex): index is ChangedIndex {
  return index.changes !== undefined;
}

/** The part of an index, base or changes, that holds an item, and its number there. */
function partOf(index: LoadedIndex, item: number): { readonly part: LoadedIndex; readonly own: number } {
  const { changes, forest } = index;
  if (!changes) return { part: index, own: item };
  return item < forest.nItems
    ? { part: changes.base, own: item }
    : { part: changes.added, own: item - forest.nItems };
}

/** Details of an item that need no read. */
function shownOf(index: LoadedIndex, inner: number, item: number, { places, vectors }: Show): ItemDetails {
  const { part, own } = partOf(index, inner);
  const { ids, docstore, forest } = part;
  const id = idOfItem(ids, own);
  // The finer vectors are not in memory.
  const vector = vectors && !forest.vectorsRescored ? forest.vector(own) : undefined;
  return {
    item,
    ...(id !== undefined && { id }),
    ...(vector && { vector }),
    ...(places && docstore.placeOf && { place: docstore.placeOf(own) ?? null }),
  };
}

/** Drops details shown with rankings beyond the bytes of a call; they are asked for later. */
function spareShown(rankings: readonly Outcome<ShardRankings>[]): Outcome<ShardRankings>[] {
  let bytes = 0;
  return rankings.map((outcome) => {
    if (!outcome.ok || !outcome.value.shown) return outcome;
    const { shown, ...ranking } = outcome.value;
    const own = shown.reduce((sum, one) => sum + bytesOf(one), 0);
    if (bytes + own > MAX_SHOWN_BYTES) return { ok: true, value: ranking };
    bytes += own;
    return outcome;
  });
}

/** Answers one request after the other while a call has room, so that memory holds at most a call and one answer. */
async function detailsInTurn(
  own: Own,
  requests: readonly DetailsRequest[],
  options: { readonly work: Work },
): Promise<Outcome<DetailsPart>[]> {
  const answers: Outcome<DetailsPart>[] = [];
  let bytes = 0;
  for (const request of requests) {
    if (bytes > MAX_DETAILS_BYTES) {
      answers.push({ ok: true, value: { details: [], rest: request.items } });
      continue;
    }
    answers.push(
      await outcomeOf(async () => {
        const details = await detailsOf(own, request, options);
        options.work.spend("shards", detailsNs(details));
        const part = firstPart(details, MAX_DETAILS_BYTES - bytes, bytes === 0 ? 1 : 0);
        bytes += part.bytes;
        return { details: part.details, rest: part.rest };
      }),
    );
  }
  return answers;
}

async function detailsOf(
  { index, outer, inner }: Own,
  { items, documents, vectors }: DetailsRequest,
  options: SearchOptions,
): Promise<ItemDetails[]> {
  const own = items.map(inner).filter((item) => item !== undefined);
  const searcher = openSearcher(index, options);
  const [stored, found] = await Promise.all([
    documents ? searcher.documents(own) : [],
    vectors ? searcher.vectors(own) : [],
  ]);
  return own.flatMap((item, i) => {
    const at = partOf(index, item);
    const id = idOfItem(at.part.ids, at.own);
    const document = stored[i];
    const vector = found[i];
    if (id === undefined && document === undefined && !at.part.forest.vector(at.own)) return [];
    return {
      item: outer(item),
      ...(id !== undefined && { id }),
      ...(document && { pageContent: document.pageContent, metadata: document.metadata }),
      ...(vector && { vector }),
    };
  });
}

/** Finds the item to search by, with its vector and the place of its document. */
async function locate({ index, outer, inner }: Own, wanted: Located): Promise<ItemDetails | null> {
  const searcher = openSearcher(index);
  const item = "id" in wanted ? await searcher.itemOf(wanted.id) : inner(wanted.item);
  if (item === undefined) return null;
  const vector = await searcher.vectorOf(item);
  if (!vector && !("id" in wanted)) return null;
  const show = { first: 1, places: true, vectors: false };
  return { ...shownOf(index, item, outer(item), show), ...(vector && { vector }) };
}

function passingItems(
  { index, inner }: Own,
  { items, filter, fields }: PassingRequest,
  { work }: SearchOptions,
): number[] {
  const mine = items.flatMap((outer) => {
    const item = inner(outer);
    return item === undefined ? [] : [{ outer, ...partOf(index, item) }];
  });
  const parts = [...new Set(mine.map(({ part }) => part))];
  return parts.flatMap((part) => {
    const own = mine.filter((one) => one.part === part);
    const numbers = own.map((one) => one.own);
    const passed = passing(part, numbers, filter, { fields, facetValues: 0 }, work);
    return own.filter((_, i) => passed[i]).map(({ outer }) => outer);
  });
}

/** The numbers of a shard's items; those of its changes are behind those of all bases. */
function numberingOf(index: LoadedIndex): Numbering {
  const { changes } = index;
  if (!changes) return ownNumbering(index);
  const [base, added] = [ownNumbering(changes.base), ownNumbering(changes.added)];
  const first = changes.base.forest.nItems;
  return {
    outer: (item) => (item < first ? base.outer(item) : added.outer(item - first)),
    inner: (item) => {
      const old = base.inner(item);
      if (old !== undefined) return changes.kept.accept(old) ? old : undefined;
      const own = added.inner(item);
      return own === undefined ? undefined : own + first;
    },
  };
}

function ownNumbering({ forest }: LoadedIndex): Numbering {
  const { artifact, nItems } = forest;
  if (!findSection(artifact, "shardItems")) {
    return { outer: (item) => item, inner: (item) => (item < nItems ? item : undefined) };
  }
  const numbers = requireView(artifact, "shardItems", Uint32Array, nItems);
  for (let i = 1; i < nItems; i++) {
    if (numbers[i]! <= numbers[i - 1]!) {
      throw new ArtifactError("CORRUPT_IDS", `Section shardItems does not ascend at item ${i}.`);
    }
  }
  return {
    outer: (item) => numbers[item] ?? item,
    inner: (item) => {
      let low = 0;
      let high = nItems;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (numbers[middle]! < item) low = middle + 1;
        else high = middle;
      }
      return numbers[low] === item ? low : undefined;
    },
  };
}
