import { TopScores } from "../forest/top.ts";
import type { Accept } from "../forest/types.ts";
import type { Work } from "../format/work.ts";
import type { TermGroup } from "./groups.ts";
import type { KeywordIndex } from "./keyword-index.ts";
import { NO_ITEM, openList, openPostings, seekPosting } from "./postings.ts";
import { WINDOW, withScratch } from "./scratch.ts";
import { addGroup, probeGroup, type Scorer, selectItems, type Tally } from "./window.ts";

/** Weight of an inflection relative to the word itself; half a point of MRR better than 1 on eight sets of documents. */
export const INFLECTION_SHARE = 0.6;

/** Hits wanted, and conditions on them besides holding a word. */
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
