import { charge, PRICES, TURBOPUFFER, VECTORIZE_LARGEST_INDEX } from "./prices.ts";

/** Costs of the same corpus and the same searches elsewhere. */
export interface PeerCost {
  readonly name: "Vectorize" | "turbopuffer";
  readonly monthlyUsd: number;
  /** Indexes that it takes, where one has a limit. */
  readonly indexes: number;
}

export interface PeerUse {
  readonly items: number;
  readonly dimensions: number;
  readonly textBytes: number;
  /** A month. */
  readonly queries: number;
  /** Documents written a month. */
  readonly written: number;
  /** Hits an answer. */
  readonly hits: number;
}

/** Cloudflare Vectorize: stored and queried dimensions, a search of every index that the corpus takes. */
export function vectorize({ items, dimensions, queries }: PeerUse): PeerCost {
  const indexes = Math.ceil(items / VECTORIZE_LARGEST_INDEX);
  const queried = (queries * indexes + items) * dimensions;
  const monthlyUsd =
    PRICES.plan +
    charge(queried, PRICES.vectorizeQueried) +
    charge(items * dimensions, PRICES.vectorizeStored);
  return { name: "Vectorize", monthlyUsd, indexes };
}

/** turbopuffer, Launch plan: vectors as f16, which halves storage and queries; text indexed for words. */
export function turbopuffer(use: PeerUse): PeerCost {
  const { items, dimensions, textBytes, queries, written, hits } = use;
  const vectors = items * dimensions * 2;
  const stored = ((vectors + items * textBytes) / 1e9) * TURBOPUFFER.storedGigabyte;
  const queried = (queries * billedBytes(vectors)) / 1e15;
  const returned = (queries * hits * textBytes) / 1e9;
  // Written vectors count as four bytes a dimension, whatever they are stored as.
  const writes = (written * (dimensions * 4 + textBytes)) / 1e9;
  const usage =
    stored +
    queried * TURBOPUFFER.queriedPetabyte +
    returned * TURBOPUFFER.returnedGigabyte +
    writes * TURBOPUFFER.writtenGigabyte;
  return { name: "turbopuffer", monthlyUsd: Math.max(TURBOPUFFER.minimum, usage), indexes: 1 };
}

/** Bytes that a query of so many is billed for. */
function billedBytes(bytes: number): number {
  const [first, second] = TURBOPUFFER.discounts;
  const asked = Math.max(TURBOPUFFER.leastQueriedBytes, bytes);
  return (
    Math.min(asked, first.above) +
    Math.max(0, Math.min(asked, second.above) - first.above) * first.share +
    Math.max(0, asked - second.above) * second.share
  );
}
