import { monotonicNow } from "../core/time/clock.ts";
import { artifactsOf, type LoadedParts, type LoadResult } from "./loaded.ts";

/** A version in memory, and who is using it. */
export interface LoadedVersion<T> {
  readonly version: string;
  readonly parts: LoadedParts;
  readonly value: T;
  readonly from: LoadResult["from"];
  /** Artifacts of it that were read from R2, and that the data centre's cache may lack. */
  readonly fresh: readonly LoadedParts[];
  readonly loadedAt: number;
  readonly leases: Set<Lease>;
  /** Whether a lease has expired: its request may still be running, and then it still reads the version's bytes. */
  expired: boolean;
}

interface Lease {
  /** Milliseconds of the clock at which it counts as released. */
  until: number;
  /** Whether its request has ended. */
  ended: boolean;
}

/** Bytes that versions hold, a base that several share counted once. */
export function bytesHeld<T>(versions: readonly LoadedVersion<T>[]): number {
  let sum = 0;
  // A changed version has a copy of its own part's description, but the base's is the very same object.
  for (const { artifact, placement } of new Set(versions.flatMap(artifactsOf)))
    sum += artifact.bytes.byteLength + placement.byteLength;
  return sum;
}

/**
 * A lease that is older counts as released: the runtime drops a request whose client hung up without running its
 * `finally`, and the request's own references go with it.
 */
const LEASE_MS = 30_000;

/**
 * Takes a lease; the function returned gives it back, at once or after some milliseconds, and may be called more than once.
 * Nothing waits for those: whoever asks next looks at the clock.
 */
export function lease<T>(held: LoadedVersion<T>, now: number): (after?: number) => void {
  const entry: Lease = { until: now + LEASE_MS, ended: false };
  held.leases.add(entry);
  return (after = 0) => {
    if (after === 0) held.leases.delete(entry);
    entry.until = monotonicNow() + after;
    entry.ended = true;
  };
}

export function isLeased<T>(held: LoadedVersion<T>, now: number): boolean {
  for (const entry of held.leases) {
    if (now < entry.until) return true;
    held.leases.delete(entry);
    if (!entry.ended) held.expired = true;
  }
  return false;
}
