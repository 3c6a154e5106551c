// biome-ignore-all lint/complexity/useMaxParams: inner loops take numbers: an object for each call would be allocated.
import { TopScores } from "../forest/top.ts";
import { corruptKeywords } from "../format/keyword.ts";
import type { Work } from "../format/work.ts";
import type { Accept } from "./conditions.ts";
import type { TermGroup } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { NO_ITEM, nextPosting, openList, openPostings, type PostingCursor, seekPosting } from "./postings.ts";
import { WINDOW, withScratch } from "./scratch.ts";

/** An inflection counts as so much of the word itself; half a point of MRR better than 1 on eight sets of documents. */
export const INFLECTION_SHARE = 0.6;

/** Hits wanted, and conditions on one beside holding a word. */
export interface ScoreOptions {
  /** Hits wanted, at least 1. */
  readonly k: number;
  /** Items for which this returns false are passed over. */
  readonly accept?: Accept | undefined;
  /** Whether `accept` is known to pass nearly all: then only what would be a hit is asked for. */
  readonly acceptsMost?: boolean | undefined;
  /** Score that a hit must exceed; 0 by default. */
  readonly above?: number | undefined;
}

/** Work in nanoseconds: to open a list, to decode and score a posting, to look a posting up, to pick the best of a window. */
const LIST_NS = 300;
const POSTING_NS = 20;
const PROBE_NS = 40;
const WINDOW_NS = 5_000;

/** One group during a search. */
interface Scorer {
  readonly cursors: readonly PostingCursor[];
  /** weight * idf * (k1 + 1): times u / (u + norm) it is the group's part of a score, and so no document gets more. */
  readonly bound: number;
}

/** Operations within a window. */
interface Tally {
  postings: number;
  probes: number;
}

/** idf of BM25 as Lucene has it: never negative. */
export function inverseDocumentFrequency(nDocuments: number, documents: number): number {
  return Math.log(1 + (nDocuments - documents + 0.5) / (documents + 0.5));
}

/** Items and their scores: parallel arrays. */
export interface Scored {
  readonly items: number[];
  readonly scores: number[];
}

/** The k best items of the groups, best first; ties by item number. */
export function scoreBest(
  index: KeywordIndex,
  groups: readonly TermGroup[],
  { k, accept, acceptsMost = false, above = 0 }: ScoreOptions,
  work?: Work,
): Scored {
  const { scores } = index.scratch;
  const top = new TopScores(Math.min(k, Math.max(1, index.nItems)));
  const bar = () => Math.max(top.threshold, above);
  const [early, late] = acceptsMost ? [undefined, accept] : [accept, undefined];
  scoreWindows(index, groups, { accept: early, bar, work }, (start, kept) => {
    offer(top, start, kept, { scores, above, accept: late });
  });
  const items = [...top.sorted()];
  return { items, scores: items.map((_, rank) => top.scoreAt(rank + 1)) };
}

/** Offers the items of a window. They ascend, so an equal score never enters. */
function offer(
  top: TopScores,
  start: number,
  kept: Uint16Array,
  {
    scores,
    above,
    accept,
  }: { readonly scores: Float32Array; readonly above: number; readonly accept: Accept | undefined },
): void {
  let threshold = Math.max(top.threshold, above);
  for (let i = 0; i < kept.length; i++) {
    const score = scores[kept[i]!]!;
    if (!(score > threshold) || (accept && !accept(start + kept[i]!))) continue;
    top.push(score, start + kept[i]!);
    threshold = Math.max(top.threshold, above);
  }
}

/** Every item of the groups, ascending. */
export function scoreEvery(
  index: KeywordIndex,
  groups: readonly TermGroup[],
  accept: Accept | undefined,
  work?: Work,
): Scored {
  const { scores } = index.scratch;
  const found: Scored = { items: [], scores: [] };
  const bar = () => Number.NEGATIVE_INFINITY;
  scoreWindows(index, groups, { accept, bar, work }, (start, kept) => {
    for (const offset of kept) {
      found.items.push(start + offset);
      found.scores.push(scores[offset]!);
    }
  });
  return found;
}

interface Windows {
  readonly accept: Accept | undefined;
  /** Score that an item must exceed from now on. */
  readonly bar: () => number;
  readonly work: Work | undefined;
}

/**
 * MaxScore over windows of items: groups whose bounds together cannot lift a new document above the bar (the frequent
 * words, soon) are only asked about documents that the other groups have met.
 *
 * @param take is given the items of each window, whose scores lie in scratch
 */
function scoreWindows(
  index: KeywordIndex,
  groups: readonly TermGroup[],
  { accept, bar, work }: Windows,
  take: (start: number, kept: Uint16Array) => void,
): void {
  const { scratch, nItems } = index;
  const { scores, met } = scratch;
  const scorers = groups
    .map((group) => openScorer(index, group))
    // A part of an index may lack words that others have.
    .filter(({ cursors }) => cursors.length > 0)
    .sort((x, y) => y.bound - x.bound);
  // rest[g]: what the groups from g on can add at most. A little more, for the rounding of sums.
  const rest = new Float64Array(scorers.length + 1);
  for (let g = scorers.length - 1; g >= 0; g--) rest[g] = rest[g + 1]! + scorers[g]!.bound * (1 + 1e-6);

  work?.spend("words", LIST_NS * scorers.reduce((sum, { cursors }) => sum + cursors.length, 0));
  let essential = scorers.length;
  withScratch(scratch, () => {
    for (let start = 0; start < nItems; ) {
      const least = bar();
      while (essential > 0 && rest[essential - 1]! <= least) essential--;
      const first = firstItem(scorers, essential, start);
      if (first === NO_ITEM) break;
      start = first - (first % WINDOW);
      const end = Math.min(start + WINDOW, nItems);
      const tally: Tally = { postings: 0, probes: 0 };
      let count = 0;
      for (let g = 0; g < essential; g++) count = addGroup(index, scorers[g]!, { start, end, count }, tally);
      const kept = selectItems(index, start, count, least - rest[essential]!, accept);
      for (let g = essential; g < scorers.length; g++) probeGroup(index, scorers[g]!, start, kept, tally);
      take(start, kept);
      for (let i = 0; i < count; i++) scores[met[i]!] = 0;
      start = end;
      work?.done("words", WINDOW_NS + tally.postings * POSTING_NS + tally.probes * PROBE_NS);
    }
  });
}

function openScorer(index: KeywordIndex, group: TermGroup): Scorer {
  const nDocuments = index.collectionDocuments;
  const idf = inverseDocumentFrequency(nDocuments, Math.min(group.documents, nDocuments));
  const cursors = group.entries.map((entry) =>
    openPostings(index, entry, group.exact && group.exact !== entry ? INFLECTION_SHARE : 1),
  );
  return {
    cursors: group.phrase ? [...cursors, openList(index, group.phrase.items)] : cursors,
    bound: group.weight * idf * (index.k1 + 1),
  };
}

function firstItem(scorers: readonly Scorer[], essential: number, start: number): number {
  let first = NO_ITEM;
  for (let g = 0; g < essential; g++) {
    for (const cursor of scorers[g]!.cursors) {
      // A group may have become essential no more while its cursors stayed behind; the others are at `start`.
      if (cursor.item < start) seekPosting(cursor, start);
      if (cursor.item < first) first = cursor.item;
    }
  }
  return first;
}

/** Adds a group's part to the score of every item of the window that holds it. Returns the number of items met. */
function addGroup(
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
function selectItems(
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
function probeGroup(
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
