import { tellingGroups } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { eachItem } from "./postings.ts";
import type { UnderstoodQuery } from "./understand.ts";

/**
 * The items that hold a word of a query, a bit each: any word that says something, with its phrases and without what is excluded,
 * as {@link rankByWords} finds them. Linear in the words' lists.
 *
 * @throws ArtifactError `CORRUPT_KEYWORDS` when a damaged list is met
 */
export function matchingItems(index: KeywordIndex, understood: UnderstoodQuery): Uint32Array {
  const { groups, work } = understood;
  const bits = new Uint32Array(Math.ceil(index.nItems / 32));
  for (const { entries, phrase } of tellingGroups(index, groups)) {
    for (const item of phrase?.items ?? []) bits[item >>> 5]! |= 1 << (item & 31);
    for (const entry of entries) {
      eachItem(index, entry, work, (item) => {
        bits[item >>> 5]! |= 1 << (item & 31);
      });
    }
  }
  const kept = understood.kept();
  if (kept) for (let i = 0; i < bits.length; i++) bits[i]! &= kept[i]!;
  return bits;
}
