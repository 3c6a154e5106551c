// biome-ignore-all lint/complexity/useMaxParams: inner loops take numbers: an object for each call would be allocated.

import type { Accept } from "../forest/types.ts";
import { corruptKeywords } from "../format/keyword.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { nextPosting, type PostingCursor, seekPosting } from "./postings.ts";
import { WINDOW } from "./scratch.ts";

/** One group during a search. */
export interface Scorer {
  readonly cursors: readonly PostingCursor[];
  /** weight * idf * (k1 + 1): times u / (u + norm) it is the group's part of a score, and so no document gets more. */
  readonly bound: number;
}

/** Operations within a window. */
export interface Tally {
  postings: number;
  probes: number;
}

/** Adds a group's part to the score of every item of the window that holds it. Returns the number of items met. */
export function addGroup(
  index: KeywordIndex,
  scorer: Scorer,
  { start, end, count }: { readonly start: number; readonly end: number; readonly count: number },
  tally: Tally,
): number {
  const { scores, units, met, metByGroup } = index.scratch;
  let n = 0;
  for (const cursor of scorer.cursors) {
    if (cursor.item < start) seekPosting(cursor, start);
    tally.postings += cursor.left;
    n = collect(cursor, start, end, units, metByGroup, n);
    tally.postings -= cursor.left;
  }
  const { norms, lengths, unitsPerOne } = index;
  const { bound } = scorer;
  let total = count;
  for (let i = 0; i < n; i++) {
    const offset = metByGroup[i]!;
    const times = units[offset]! / unitsPerOne;
    units[offset] = 0;
    const score = scores[offset]!;
    if (score === 0) met[total++] = offset;
    scores[offset] = score + (bound * times) / (times + norms[lengths[start + offset]!]!);
  }
  return total;
}

/**
 * Adds up the units of a list within the window, at whose start the cursor stands. The hot loop: postings are decoded here and not by
 * {@link nextPosting}, so that the cursor's fields stay in registers.
 */
function collect(
  cursor: PostingCursor,
  start: number,
  end: number,
  units: Float32Array,
  met: Uint16Array,
  already: number,
): number {
  let n = already;
  const { bytes, nItems, blocked, share } = cursor;
  const listEnd = cursor.end;
  while (cursor.item < end) {
    let { at, item, left } = cursor;
    let inBlock = blocked ? cursor.blockLeft : left;
    let count = cursor.units;
    let decoding = true;
    while (decoding) {
      const offset = item - start;
      if (units[offset] === 0) met[n++] = offset;
      units[offset]! += count * share;
      if (inBlock === 0) break;
      let byte = at < listEnd ? bytes[at++]! : 0x80;
      let value = byte & 0x7f;
      for (let shift = 7; byte >= 0x80; shift += 7) {
        if (at >= listEnd || shift > 28) throw corruptKeywords("a posting list ends within a posting");
        byte = bytes[at++]!;
        value |= (byte & 0x7f) << shift;
      }
      item += (value >>> 1) + 1;
      count = 1;
      if (value & 1) {
        byte = at < listEnd ? bytes[at++]! : 0x80;
        count = byte & 0x7f;
        for (let shift = 7; byte >= 0x80; shift += 7) {
          if (at >= listEnd || shift > 28) throw corruptKeywords("a posting list ends within a posting");
          byte = bytes[at++]!;
          count |= (byte & 0x7f) << shift;
        }
        count = (count >>> 0) + 2;
      }
      left--;
      inBlock--;
      decoding = item < end;
    }
    if (item >= nItems) throw corruptKeywords(`a posting names item ${item} of ${nItems}`);
    cursor.at = at;
    cursor.item = item;
    cursor.left = left;
    cursor.units = count;
    if (blocked) cursor.blockLeft = inBlock;
    // The posting under the cursor has been counted unless it lies beyond the window.
    if (item < end) nextPosting(cursor);
  }
  return n;
}

/** Above this share of a window, looking at all its scores is quicker than sorting the items that were met. */
const SORTED_SHARE = 1 / 32;

/**
 * Offsets of the items of the window whose score exceeds the bar and that the filter accepts, ascending: a view of
 * scratch.
 */
export function selectItems(
  index: KeywordIndex,
  start: number,
  count: number,
  bar: number,
  accept: Accept | undefined,
): Uint16Array {
  const { scores, met, metByGroup } = index.scratch;
  const least = Math.max(0, bar);
  let n = 0;
  if (count > WINDOW * SORTED_SHARE) {
    const end = Math.min(WINDOW, index.nItems - start);
    for (let offset = 0; offset < end; offset++) {
      if (scores[offset]! > least && (!accept || accept(start + offset))) metByGroup[n++] = offset;
    }
    return metByGroup.subarray(0, n);
  }
  for (let i = 0; i < count; i++) {
    const offset = met[i]!;
    if (scores[offset]! > least && (!accept || accept(start + offset))) metByGroup[n++] = offset;
  }
  return metByGroup.subarray(0, n).sort();
}

/** Adds a group's part to the scores of these items only. */
export function probeGroup(
  index: KeywordIndex,
  scorer: Scorer,
  start: number,
  kept: Uint16Array,
  tally: Tally,
): void {
  tally.probes += kept.length * scorer.cursors.length;
  const { scores, units } = index.scratch;
  const { norms, lengths, unitsPerOne } = index;
  for (const cursor of scorer.cursors) {
    for (let i = 0; i < kept.length; i++) {
      const offset = kept[i]!;
      seekPosting(cursor, start + offset);
      if (cursor.item === start + offset) units[offset]! += cursor.units * cursor.share;
    }
  }
  for (let i = 0; i < kept.length; i++) {
    const offset = kept[i]!;
    const times = units[offset]! / unitsPerOne;
    if (times === 0) continue;
    units[offset] = 0;
    scores[offset]! += (scorer.bound * times) / (times + norms[lengths[start + offset]!]!);
  }
}
