import type { Boost } from "../../format/curation.ts";

/** Curation of one query: plain data, which may be sent to shards. */
export interface QueryCuration {
  /** Docstore ids to put first, in this order, with the rule of each. */
  readonly pins: readonly { readonly id: string; readonly message: string }[];
  /** Docstore ids that are not found. */
  readonly hidden: readonly string[];
  readonly boosts: readonly Boost[];
}

/** A document that is put first. */
export interface PinnedItem {
  readonly item: number;
  /** Its place among the pins of the query. */
  readonly place: number;
  /** Annoy's distance from the query's vector; absent when none was compared. */
  readonly distance?: number;
}

/** A document whose score is changed: its odds are multiplied by the factor. */
export interface BoostedItem {
  readonly item: number;
  readonly factor: number;
  readonly message: string;
}

/** Facts of a part of an index about a query's curation. */
export interface CurationFacts {
  readonly pinned: readonly PinnedItem[];
  readonly boosted: readonly BoostedItem[];
}
