import type { LoadedParts, LoadResult } from "./load.ts";

/** A version in memory, and who is using it. */
export interface Held<T> {
  readonly version: string;
  readonly parts: LoadedParts;
  readonly value: T;
  readonly bytes: number;
  readonly from: LoadResult["from"];
  readonly loadedAt: number;
  /** When each unreleased lease was taken. */
  readonly leases: Set<{ readonly since: number }>;
}

/**
 * A lease that is older counts as released: the runtime drops a request whose client hung up without running its
 * `finally`, and the request's own references go with it.
 */
const LEASE_MS = 30_000;

/** Takes a lease; the function returned gives it back and may be called more than once. */
export function lease<T>(held: Held<T>, now: number): () => void {
  const entry = { since: now };
  held.leases.add(entry);
  return () => {
    held.leases.delete(entry);
  };
}

export function isLeased<T>(held: Held<T>, now: number): boolean {
  for (const entry of held.leases) {
    if (now - entry.since < LEASE_MS) return true;
    held.leases.delete(entry);
  }
  return false;
}
