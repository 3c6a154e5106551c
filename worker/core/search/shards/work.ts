import type { FilterNode } from "../../columns/parse.ts";
import { bytesOf } from "./details.ts";
import type { ItemDetails, ShardQuery, ShardRankings } from "./types.ts";

/** Work in nanoseconds: of a question, and of its words, filter's nodes and bytes: to write them or to read them. */
const QUESTION_NS = { least: 30_000, word: 1_000, node: 1_000, byte: 2, number: 10 } as const;

/** Work in nanoseconds: of each part of an answer, to write it, or to read and merge it. */
const ANSWER_NS = { ranked: 500, shown: 1_500, byte: 2, facet: 1_000, fact: 1_500, value: 200 } as const;

/** Work of sending a query to a shard, or of receiving it, in nanoseconds. */
export function questionNs({ words, vector, filter, agreed }: ShardQuery): number {
  const { least, word, number } = QUESTION_NS;
  const synonyms = words?.synonyms?.length ?? 0;
  const terms = [...(agreed?.groups ?? []), ...(agreed?.relaxed ?? [])].reduce(
    (sum, group) => sum + 1 + group.terms.length,
    0,
  );
  const named = (words?.words.length ?? 0) + synonyms + terms;
  return least + word * named + number * (vector?.length ?? 0) + (filter ? filterNs(filter) : 0);
}

function filterNs(node: FilterNode): number {
  if (node.kind === "not") return QUESTION_NS.node + filterNs(node.node);
  if (node.kind !== "test") {
    return node.nodes.reduce<number>((sum, one) => sum + filterNs(one), QUESTION_NS.node);
  }
  const bytes = node.values.reduce<number>(
    (sum, value) => sum + (typeof value === "string" ? value.length : 0),
    node.field.length + node.path.length,
  );
  return QUESTION_NS.node + QUESTION_NS.byte * bytes + ANSWER_NS.value * node.values.length;
}

/** Work of a shard's rankings, in nanoseconds. */
export function rankingsNs(rankings: ShardRankings): number {
  const { vectors, words, listed, values, languages, curated, rare, terms, facets, counts } = rankings;
  const { ranked, facet, fact, value } = ANSWER_NS;
  const lists = [vectors?.items, words?.items, listed?.items, curated?.pinned, curated?.boosted, rare];
  const items = lists.reduce((sum, list) => sum + (list?.length ?? 0), 0);
  const columns = values ? values.sort.length + (values.group ? 1 : 0) : 0;
  const looked = rankings.told?.looked;
  const facts =
    (looked?.facts.terms.length ?? 0) +
    (terms ?? []).reduce((sum, word) => sum + word.terms.length, 0) +
    (looked?.groups ?? []).reduce((sum, group) => sum + group.terms.length, 0) +
    (rankings.probed?.spelled?.length ?? 0);
  const counted = Object.values(facets ?? {}).reduce((sum, list) => sum + list.length, 0);
  return (
    ranked * items +
    value * (columns * (values?.items.length ?? 0) + (languages?.items.length ?? 0)) +
    facet * (counted + (counts?.groupValues?.length ?? 0)) +
    fact * facts +
    (rankings.shown ? detailsNs(rankings.shown) : 0)
  );
}

/** Work of details of items, in nanoseconds. */
export function detailsNs(details: readonly ItemDetails[]): number {
  return details.reduce((sum, one) => sum + ANSWER_NS.shown + ANSWER_NS.byte * bytesOf(one), 0);
}
