import { monotonicNow } from "../core/time/clock.ts";
import { bytesHeld, isLeased, type LoadedVersion, lease } from "./lease.ts";
import { artifactsOf, freeParts, type LoadedParts } from "./loaded.ts";

/**
 * The versions of one index in memory: the one that answers, and those that were replaced while requests used them. The
 * memory of a version is given back when the last lease of it has ended.
 */
export interface LoadedVersions<T> {
  /** The version that answers. */
  readonly live: LoadedVersion<T> | undefined;
  /** Bytes of all versions. */
  readonly bytes: number;
  /** An artifact that a version in memory has, its own or its base. */
  artifact(version: string | undefined): LoadedParts | undefined;
  /** Keeps an artifact that a load relies on, whatever becomes of the versions that have it, until the returned function is called. */
  pin(parts: LoadedParts | undefined): () => void;
  /** Takes a lease, see {@link lease}. */
  take(held: LoadedVersion<T>): (after?: number) => void;
  /** Puts a version in the place of the one that answers. */
  put(held: LoadedVersion<T>): void;
  /** Gives the version that answers up: nothing answers then. */
  retire(): void;
  /** Whether requests use a version that was given up. */
  isUsed(held: LoadedVersion<T>): boolean;
  /** Lets a version answer again that was given up and is still in use. */
  restore(held: LoadedVersion<T>): void;
  /** Frees what nobody uses any more. */
  prune(): void;
}

export function createLoadedVersions<T>(): LoadedVersions<T> {
  let live: LoadedVersion<T> | undefined;
  let retired: LoadedVersion<T>[] = [];
  const pinned = new Set<{ readonly parts: LoadedParts }>();
  /** Bytes that a request of an expired lease may still read: garbage collection frees them. */
  const spared = new WeakSet<Uint8Array>();
  const inMemory = (): readonly LoadedVersion<T>[] => (live ? [live, ...retired] : retired);

  /** Frees artifacts that no version in memory has, and that no load relies on. */
  const freeUnused = (artifacts: readonly LoadedParts[]): void => {
    const relied = [...pinned].map(({ parts }) => parts);
    const kept = new Set([...inMemory().flatMap(artifactsOf), ...relied].map(bytesOf));
    for (const parts of artifacts) {
      const bytes = bytesOf(parts);
      if (!kept.has(bytes) && !spared.has(bytes)) freeParts(parts);
    }
  };
  const prune = (): void => {
    const now = monotonicNow();
    const unused = retired.filter((held) => !isLeased(held, now));
    if (unused.length === 0) return;
    retired = retired.filter((held) => !unused.includes(held));
    for (const { expired, parts } of unused) {
      const artifacts = artifactsOf({ parts });
      if (expired) for (const one of artifacts) spared.add(bytesOf(one));
      freeUnused(artifacts);
    }
  };
  const retire = (): void => {
    if (live) retired.push(live);
    live = undefined;
    prune();
  };
  return {
    get live() {
      return live;
    },
    get bytes() {
      prune();
      return bytesHeld(inMemory());
    },
    artifact: (version) =>
      inMemory()
        .flatMap(artifactsOf)
        .find((parts) => parts.version === version),
    pin(parts) {
      const entry = parts && { parts };
      if (entry) pinned.add(entry);
      return () => {
        // Its version may have made room for the load, which has failed.
        if (entry && pinned.delete(entry)) freeUnused([entry.parts]);
      };
    },
    take(held) {
      const release = lease(held, monotonicNow());
      return (after) => {
        release(after);
        prune();
      };
    },
    put(held) {
      const old = live;
      live = held;
      if (old) retired.push(old);
      prune();
    },
    retire,
    isUsed: (held) => isLeased(held, monotonicNow()),
    restore(held) {
      live = held;
      retired = retired.filter((one) => one !== held);
    },
    prune,
  };
}

/** Identity of an artifact: descriptions of it are copied, its bytes are not. */
function bytesOf({ artifact }: LoadedParts): Uint8Array {
  return artifact.bytes;
}
