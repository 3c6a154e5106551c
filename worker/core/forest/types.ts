import type { Artifact } from "../format/artifact.ts";
import type { Metric } from "../format/constants.ts";
import type { Work } from "../format/work.ts";

/** An opened forest: views over an artifact, and scratch that synchronous searches share. */
export interface Forest {
  readonly artifact: Artifact;
  readonly metric: Metric;
  readonly dimensions: number;
  /** Largest item number plus one; holes count. */
  readonly nItems: number;
  readonly nTrees: number;
  /** The searchK that -1 stands for, given k. */
  defaultSearchK(k: number): number;
  /** k nearest items, nearest first; ties by item number. Synchronous, O(searchK) and free of allocation per candidate. */
  search(query: Float32Array, options: ForestSearchOptions): Neighbours;
  /**
   * The same where the vectors that decide lie in the cold part of the file and are not in memory: reads the rows of
   * the best candidates, all at once. Undefined where {@link search} has everything at hand.
   */
  readonly searchRescored?: (
    query: Float32Array,
    options: ForestSearchOptions,
    read: ReadRanges,
  ) => Promise<Neighbours>;
  /** The stored vector of an item, decoded into a new array; undefined for a hole or a number out of range. */
  vector(item: number): Float32Array | undefined;
  /** The same, of many items, where the stored vectors lie in the cold part: {@link vector} then gives estimates. */
  readonly vectorsRescored?: (
    items: readonly number[],
    read: ReadRanges,
  ) => Promise<(Float32Array | undefined)[]>;
  /** Annoy's distance of a vector from an item's, as {@link vector} has it; undefined when it is not there. */
  distanceFrom(query: Float32Array, item: number): number | undefined;
  /** Annoy's distance between two items; undefined when either is not there. */
  distance(i: number, j: number): number | undefined;
}

/** A piece of the artifact's file. */
export interface FileRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Reads ranges of the artifact's file, ascending and apart from each other, all at once: their bytes one behind the other,
 * in a buffer that belongs to the caller. A search that waits for its turn has not made its ranges yet.
 */
export type ReadRanges = (ranges: Iterable<FileRange>) => Promise<Uint8Array>;

/** Condition on items: those for which it returns false are passed over. */
export type Accept = (item: number) => boolean;

export interface ForestSearchOptions {
  /** Neighbours wanted, at least 1. */
  readonly k: number;
  /** Candidates to look at, counted as found in leaves before duplicates go (as Annoy does); -1: the certified default. */
  readonly searchK?: number;
  /** Items for which this returns false are passed over and do not count. */
  readonly accept?: Accept;
  /**
   * The items that `accept` may pass, a bit each (item i in bit i mod 32 of word i / 32), when known: a scan then asks
   * for nothing else.
   */
  readonly acceptBits?: Uint32Array;
  /** Fraction of items that `accept` is expected to pass, when known: a small one switches to an exact scan. */
  readonly acceptFraction?: number;
  /**
   * Whether `accept` is known to pass nearly all: a walk may then ask for those candidates alone that would be kept, and
   * count those that do not pass.
   */
  readonly acceptsMost?: boolean;
  /** Distance from which on nothing is wanted: farther items may be left out. */
  readonly bound?: number | undefined;
  /** Counts what the search does, as it goes on. */
  readonly work?: Work | undefined;
}

/** Parallel arrays, nearest first. `distances` are Annoy's (angular: sqrt(2-2cos); dot: the inner product). */
export interface Neighbours {
  readonly items: number[];
  readonly distances: number[];
  /** Items that were met in leaves: those passed over and those met again included. */
  readonly met: number;
  /** Distinct candidates whose codes were looked at. */
  readonly candidates: number;
  /** Candidates scored by the full vector code. */
  readonly scored: number;
}
