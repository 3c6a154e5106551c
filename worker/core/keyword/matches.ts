import { tellingGroups } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { NO_ITEM, nextPosting, openPostings } from "./postings.ts";
import { conditionsOf } from "./search.ts";
import type { UnderstoodQuery } from "./understand.ts";

/**
 * The items that hold a word of a query, a bit each: any word that says something, with its phrases and without what is excluded,
 * as {@link rankByWords} finds them. Linear in the words' lists.
 *
 * @throws ArtifactError `CORRUPT_KEYWORDS` when a damaged list is met
 */
export function matchingItems(index: KeywordIndex, { query, groups }: UnderstoodQuery): Uint32Array {
  const { accept, excluded } = conditionsOf(index, query, {});
  const bits = new Uint32Array(Math.ceil(index.nItems / 32));
  for (const { entries, phrase } of tellingGroups(index, groups)) {
    for (const item of phrase?.items ?? []) bits[item >>> 5]! |= 1 << (item & 31);
    for (const entry of entries) {
      for (const cursor = openPostings(index, entry); cursor.item !== NO_ITEM; nextPosting(cursor)) {
        bits[cursor.item >>> 5]! |= 1 << (cursor.item & 31);
      }
    }
  }
  for (const { entries } of excluded) {
    for (const entry of entries) {
      for (const cursor = openPostings(index, entry); cursor.item !== NO_ITEM; nextPosting(cursor)) {
        bits[cursor.item >>> 5]! &= ~(1 << (cursor.item & 31));
      }
    }
  }
  if (accept) {
    for (let item = 0; item < index.nItems; item++) {
      const bit = 1 << (item & 31);
      if ((bits[item >>> 5]! & bit) !== 0 && !accept(item)) bits[item >>> 5]! &= ~bit;
    }
  }
  return bits;
}
