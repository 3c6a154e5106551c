import type { FieldValue, ItemValues } from "../columns/order.ts";
import type { AgreedQuery } from "../keyword/agreed.ts";
import type { WordReport, WordTerms } from "../keyword/expanded-query.ts";
import type { RareItem } from "../keyword/rare.ts";
import type { Completion, SpelledWord } from "../keyword/spelling.ts";
import type { CurationFacts } from "./curation/types.ts";
import type { FacetCounts } from "./types.ts";

/** Items, best first, with their scores and distances: parallel arrays. */
export interface Ranking {
  readonly items: readonly number[];
  /** Larger is better. 0 to 1, except by words before they are held against `bound`. */
  readonly scores: readonly number[];
  /** Annoy's distances from the query's vector, NaN where an item has none; absent when no vector was compared. */
  readonly distances?: readonly number[];
}

export type WordBounds = readonly (readonly [string, number])[];

/** A ranking by words: BM25. */
export interface WordRanking extends Ranking {
  /** Upper bound of any document's score. */
  readonly bound: number;
  /** The part of each word in it. */
  readonly bounds?: WordBounds;
}

/** Languages of the hits by words, in an index of several: plain data. */
export interface FoundLanguages {
  /** Documents of each language in the index, by code less 1. */
  readonly documents: readonly number[];
  readonly items: readonly number[];
  /** Codes of these items' languages; 0 where one is not known. */
  readonly codes: readonly number[];
}

/** Words that an index knows. */
export interface Probed {
  readonly spelled?: readonly SpelledWord[];
  /** Documents that hold one of the words. */
  readonly holding?: number;
  readonly completions?: readonly Completion[];
}

/** Rankings of a query by words and by its vector, and other findings. */
export interface Rankings {
  readonly words?: WordRanking;
  readonly vectors?: Ranking;
  readonly facets?: FacetCounts;
  /** Vectors in the cold part could not be read: distances are estimates. */
  readonly estimated?: boolean;
  /** The index's terms that count as the query's words, where the query asks for them. */
  readonly terms?: readonly WordTerms[];
  /** Items that hold a rare word of the query exactly; all of them are in `words`. */
  readonly rare?: readonly RareItem[];
  /** Languages of what the words have found, in an index of several. */
  readonly languages?: FoundLanguages;
  /** Answer to a question about words. */
  readonly probed?: Probed;
  /** Curation of the query for the items. */
  readonly curated?: CurationFacts;
  /** In place of words and vectors: what the query lists, in its order. Scores are BM25, or 1 without words. */
  readonly listed?: WordRanking;
  /** Values that the items of these rankings are sorted and grouped by. */
  readonly values?: ItemValues;
  readonly counts?: Counts;
  /** Findings about the query's words that a part tells the others. */
  readonly told?: WordReport;
  /** Whether scores of all parts are held against the same: the most that the query could reach. */
  readonly bounded?: boolean;
  /** Parts of the index that these are joined from; 1 when left out. */
  readonly parts?: number;
}

/** Documents that a query finds. */
export interface Counts {
  readonly documents: number;
  /** Mode hybrid: documents that pass the filter, whether they hold a word or not. */
  readonly passing?: number;
  /** Groups that they fall into. */
  readonly groups?: number;
  /** The groups' values, so that those of several parts can be counted together; absent where they are too many. */
  readonly groupValues?: readonly FieldValue[];
  /** Whether groups of several parts have been counted more than once. */
  readonly groupsRepeated?: boolean;
}

/** Settings of ranking a query. */
export interface RankOptions {
  /** Items wanted each way. */
  readonly k: number;
  /** Candidates to look at, in parts of the certified default; 1 when left out. */
  readonly effort?: number;
  /** `false`: the vector is compared with what the words find, and nothing is searched for by it. */
  readonly nearest?: boolean;
  /** Whether the distances of what the words find are wanted by the stored vectors, wherever they lie. */
  readonly exactDistances?: boolean;
  /** The columns of the index that this one is a part of. */
  readonly whole?: WholeColumns;
  /** The words that all parts have agreed on. */
  readonly agreed?: AgreedQuery | undefined;
  /** Whether to rank by the words that the part has, and to tell what it knows of them. */
  readonly lookUp?: boolean | undefined;
}

export interface WholeColumns {
  /** Filterable fields of all parts together: one that a part lacks is one that none of its items has. */
  readonly fields: readonly string[];
  /** Values of each facet to return at most: those of parts are added up. */
  readonly facetValues: number;
  /** Bytes of the values of groups, and of each facet beyond those that an answer shows; not bounded when left out. */
  readonly facetBytes?: number;
}

export const NO_RANKING: Ranking = { items: [], scores: [], distances: [] };

/** The first k of a ranking. */
export function firstOf(ranking: Ranking, k: number): Ranking {
  return {
    items: ranking.items.slice(0, k),
    scores: ranking.scores.slice(0, k),
    ...(ranking.distances && { distances: ranking.distances.slice(0, k) }),
  };
}

/** Some positions of a ranking, in their order. */
export function pickFrom(ranking: Ranking, positions: readonly number[]): Ranking {
  return {
    items: positions.map((i) => ranking.items[i]!),
    scores: positions.map((i) => ranking.scores[i]!),
    ...(ranking.distances && { distances: positions.map((i) => ranking.distances![i]!) }),
  };
}
