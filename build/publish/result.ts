import type { ArtifactFolder } from "./artifact.ts";
import { type Cost, estimateCost } from "./cost.ts";
import type { PlacedDocuments } from "./documents.ts";

export interface PublishResult {
  /** `promoted`: this very version was published before. `repaired`: it is current, and what was lost of it is back. `planned`: a dry run. */
  readonly outcome: "published" | "promoted" | "repaired" | "unchanged" | "planned";
  readonly name: string;
  readonly version: string;
  /** Version that was current before. */
  readonly previous: string | null;
  readonly items: number;
  /** Shards that the index is cut into; 0: it is whole. */
  readonly shards: number;
  /** In documents, against what was current. */
  readonly documents: {
    readonly added: number;
    readonly kept: number;
    readonly removed: number;
    readonly repacked: number;
  };
  /** Objects that were written, or would be. */
  readonly written: {
    readonly objects: number;
    readonly objectBytes: number;
    readonly pages: number;
    readonly pageBytes: number;
    /** New pages that an interrupted publish had written already. */
    readonly pagesFound: number;
  };
  /** All pages of the version. */
  readonly pages: number;
  readonly pageBytes: number;
  readonly cost: Cost;
  /** Warnings, which do not stop publishing. */
  readonly warnings: readonly string[];
  /** Failed checks that `force` overrode. */
  readonly forced: readonly string[];
}

/** Figures of what a publish writes. */
export type Figures = Pick<PublishResult, "documents" | "written" | "pages" | "pageBytes" | "cost">;

export const NOTHING: Figures = {
  documents: { added: 0, kept: 0, removed: 0, repacked: 0 },
  written: { objects: 0, objectBytes: 0, pages: 0, pageBytes: 0, pagesFound: 0 },
  pages: 0,
  pageBytes: 0,
  cost: estimateCost([], 0),
};

/** Returns the figures of an artifact folder whose documents have their places. */
export function figuresOf({ parts }: ArtifactFolder, placed: PlacedDocuments, encoderBytes: number): Figures {
  const missing = placed.missing.flat();
  const newPages = placed.packs.reduce((sum, pack) => sum + pack.pages.length, 0);
  const objects = [
    ...(encoderBytes > 0 ? [encoderBytes] : []),
    ...placed.packs.map(({ bytes }) => bytes),
    ...parts.map(({ manifest }) => manifest.files["forest.bin"].bytes),
    ...placed.placementBytes,
  ];
  // Manifests and the pointer are a few kilobytes each.
  const small = new Array<number>(parts.length + 1).fill(0);
  return {
    documents: placed.counts,
    written: {
      objects: objects.length + small.length,
      objectBytes: objects.reduce((sum, bytes) => sum + bytes, 0),
      pages: missing.length + placed.restorable.length,
      pageBytes: missing.reduce((sum, { bytes }) => sum + bytes, 0),
      pagesFound: newPages - missing.length,
    },
    pages: placed.pages.length,
    pageBytes: placed.pages.reduce((sum, { bytes }) => sum + bytes, 0),
    cost: estimateCost([...objects, ...small], missing.length + placed.restorable.length),
  };
}

/**
 * Figures of changes with those of their base, where that had to be written as well. Documents are counted against the
 * version that is replaced: what is not new of those that there are was there before.
 *
 * @param items documents of base and changes together
 * @param before documents of the version that is replaced
 */
export function withBase(
  changes: Figures,
  base: Figures,
  { items, before }: { readonly items: number; readonly before: number },
): Figures {
  const added = Math.min(items, changes.documents.added + base.documents.added);
  const kept = items - added;
  const sum = (key: keyof Figures["written"]) => changes.written[key] + base.written[key];
  return {
    documents: {
      added,
      kept,
      removed: Math.max(0, before - kept),
      repacked: changes.documents.repacked + base.documents.repacked,
    },
    written: {
      objects: sum("objects"),
      objectBytes: sum("objectBytes"),
      pages: sum("pages"),
      pageBytes: sum("pageBytes"),
      pagesFound: sum("pagesFound"),
    },
    pages: changes.pages + base.pages,
    pageBytes: changes.pageBytes + base.pageBytes,
    cost: {
      classA: changes.cost.classA + base.cost.classA,
      kvWrites: changes.cost.kvWrites + base.cost.kvWrites,
      usd: changes.cost.usd + base.cost.usd,
      freePlanDays: changes.cost.freePlanDays + base.cost.freePlanDays,
    },
  };
}
