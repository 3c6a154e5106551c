import { presentItems } from "../../columns/columns.ts";
import { countBits, filterOfBits } from "../../columns/compile.ts";
import { type Artifact, requireView, sectionBytes } from "../../format/artifact.ts";
import { AnnoyEdgeError, ArtifactError } from "../../format/errors.ts";
import { type JoinedKeywords, joinKeywords } from "../../keyword/joined.ts";
import { type KeywordIndex, openWordCounts } from "../../keyword/keyword-index.ts";
import { openWordTotals, sharedBy, type WordTotals, withTotals } from "../../keyword/totals.ts";
import type { Changes, LoadedIndex } from "../loaded-index.ts";
import type { ShardedIndex } from "../shards/searcher.ts";

/**
 * Opens a base and the changes on top of it as one index. Takes the time of reading the list of removed items.
 *
 * @param totals frequencies of words among the documents of all shards, where the base is one of several
 * @throws AnnoyEdgeError `BASE_MISMATCH` when the changes belong to another base; ArtifactError `CORRUPT_CHANGES`
 */
export function openChanged(base: LoadedIndex, added: LoadedIndex, totals?: WordTotals): LoadedIndex {
  const { manifest } = added;
  const { nItems, metric, dimensions } = base.forest;
  const expected = added.forest.artifact.meta.base;
  if (!expected) throw corrupt("their meta names no base");
  if (expected.version !== base.manifest.version) {
    throw new AnnoyEdgeError(
      "BASE_MISMATCH",
      `Version ${added.version} changes ${expected.version}; the base at hand is ${base.manifest.version}. Publish or build the index again.`,
    );
  }
  if (added.forest.metric !== metric || added.forest.dimensions !== dimensions) {
    throw corrupt("metric or dimensions are not those of their base");
  }
  if (base.changes) throw corrupt("their base is not an index in one piece");
  if (base.shards) return openChangedRouter({ ...base, shards: base.shards }, added);
  if (expected.nItems !== nItems) throw corrupt(`their base has ${nItems} items, not ${expected.nItems}`);
  const removed = requireView(added.forest.artifact, "removedItems", Uint32Array);
  const kept = keptItems(base, removed);
  const keywords = joinedKeywords(base, added, totals);
  const changes: Changes = {
    base: keywords ? { ...base, keyword: withoutItems(keywords.base, removed) } : base,
    added: keywords ? { ...added, keyword: keywords.added } : added,
    kept,
    removed,
    ...(keywords && { keywords }),
  };
  return {
    ...base,
    name: manifest.name,
    version: added.version,
    manifest,
    ...(keywords && { keyword: keywords.whole }),
    changes,
  };
}

/** The router of the base, which leads to the shards of the changed index. */
function openChangedRouter(base: ShardedIndex, { manifest, version, shards }: LoadedIndex): LoadedIndex {
  const { owners, meta } = base.shards;
  const isSame = shards?.meta.list.every((shard, i) => shard.version === meta.list[i]?.version);
  if (!shards || !isSame || shards.meta.list.length !== meta.list.length) {
    throw corrupt("their shards are not those of their base");
  }
  return { ...base, name: manifest.name, version, manifest, shards: { ...shards, owners } };
}

/** The frequencies of words that the changes of an index in shards have for all of these; undefined where there are none. */
export function wordTotalsOf(artifact: Artifact): WordTotals | undefined {
  const bytes = sectionBytes(artifact, "wordTotals");
  return bytes && openWordTotals(bytes);
}

/** A shard without changes, whose words are scored by what all shards have. */
export function openUnchanged<T extends LoadedIndex>(base: T, totals: WordTotals | undefined): T {
  const { keyword } = base;
  if (!keyword || !totals) return base;
  const lexicon = withTotals(keyword.lexicon, totals, keyword.languages);
  return { ...base, keyword: { ...keyword, ...sharedBy(totals, keyword), lexicon } };
}

function keptItems(base: LoadedIndex, removed: Uint32Array) {
  const { nItems } = base.forest;
  const bits = presentItems(base.columns, nItems);
  const before = countBits(bits);
  for (const [i, item] of removed.entries()) {
    if (item >= nItems || (i > 0 && item <= removed[i - 1]!)) {
      throw corrupt(`removed item ${item} is out of order, or none of the base's`);
    }
    bits[item >>> 5]! &= ~(1 << (item & 31));
  }
  return filterOfBits(bits, before);
}

/** The keyword index, with the languages of the documents that are left counted. */
function withoutItems(keyword: KeywordIndex, removed: Uint32Array): KeywordIndex {
  const { itemLanguages } = keyword;
  if (!itemLanguages) return keyword;
  const documents = itemLanguages.documents.slice();
  for (const item of removed) {
    const code = itemLanguages.codes[item]!;
    if (code > 0) documents[code - 1]!--;
  }
  return { ...keyword, itemLanguages: { ...itemLanguages, documents } };
}

function joinedKeywords(
  base: LoadedIndex,
  added: LoadedIndex,
  totals: WordTotals | undefined,
): JoinedKeywords | undefined {
  if (!base.keyword) return undefined;
  if (!added.keyword) throw corrupt("they have no keyword index, and their base has one");
  const words = sectionBytes(added.forest.artifact, "removedTerms");
  return joinKeywords(base.keyword, added.keyword, words && openWordCounts(words), totals);
}

function corrupt(what: string): ArtifactError {
  return new ArtifactError("CORRUPT_CHANGES", `The changes are damaged: ${what}. Update the index again.`);
}
