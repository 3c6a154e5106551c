import { countBits, filterOfBits } from "../../columns/compile.ts";
import { requireView, sectionBytes } from "../../format/artifact.ts";
import { AnnoyEdgeError, ArtifactError } from "../../format/errors.ts";
import { type JoinedKeywords, joinKeywords } from "../../keyword/joined.ts";
import { openWordCounts } from "../../keyword/keyword-index.ts";
import type { Changes, LoadedIndex } from "../loaded-index.ts";

/**
 * Opens a base and the changes on top of it as one index. Takes the time of reading the list of removed items.
 *
 * @throws AnnoyEdgeError `BASE_MISMATCH` when the changes belong to another base; ArtifactError `CORRUPT_CHANGES`
 */
export function openChanged(base: LoadedIndex, added: LoadedIndex): LoadedIndex {
  const { manifest } = added;
  const { nItems, metric, dimensions } = base.forest;
  const expected = added.forest.artifact.meta.base;
  if (!expected) throw corrupt("their meta names no base");
  if (expected.version !== base.version) {
    throw new AnnoyEdgeError(
      "BASE_MISMATCH",
      `Version ${added.version} changes ${expected.version}; the base at hand is ${base.version}. Publish or build the index again.`,
    );
  }
  if (expected.nItems !== nItems) throw corrupt(`their base has ${nItems} items, not ${expected.nItems}`);
  if (added.forest.metric !== metric || added.forest.dimensions !== dimensions) {
    throw corrupt("metric or dimensions are not those of their base");
  }
  if (base.shards || base.changes) throw corrupt("their base is not an index in one piece");
  const removed = requireView(added.forest.artifact, "removedItems", Uint32Array);
  const kept = keptItems(base, removed);
  const keywords = joinedKeywords(base, added);
  const changes: Changes = {
    base: keywords ? { ...base, keyword: keywords.base } : base,
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

function keptItems(base: LoadedIndex, removed: Uint32Array) {
  const { nItems } = base.forest;
  const bits = new Uint32Array(Math.ceil(nItems / 32));
  if (base.columns) bits.set(base.columns.present);
  else for (let item = 0; item < nItems; item++) bits[item >>> 5]! |= 1 << (item & 31);
  const before = countBits(bits);
  for (const [i, item] of removed.entries()) {
    if (item >= nItems || (i > 0 && item <= removed[i - 1]!)) {
      throw corrupt(`removed item ${item} is out of order, or none of the base's`);
    }
    bits[item >>> 5]! &= ~(1 << (item & 31));
  }
  return filterOfBits(bits, before);
}

function joinedKeywords(base: LoadedIndex, added: LoadedIndex): JoinedKeywords | undefined {
  if (!base.keyword) return undefined;
  if (!added.keyword) throw corrupt("they have no keyword index, and their base has one");
  const words = sectionBytes(added.forest.artifact, "removedTerms");
  return joinKeywords(base.keyword, added.keyword, words && openWordCounts(words));
}

function corrupt(what: string): ArtifactError {
  return new ArtifactError("CORRUPT_CHANGES", `The changes are damaged: ${what}. Update the index again.`);
}
