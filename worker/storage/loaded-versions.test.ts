import { afterEach, expect, test, vi } from "vitest";
import type { LoadedVersion } from "./lease.ts";
import type { LoadedParts } from "./loaded.ts";
import { createLoadedVersions } from "./loaded-versions.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** An artifact of which only the bytes matter. */
function partsOf(version: string, base?: LoadedParts): LoadedParts {
  const parts = { version, artifact: { bytes: new Uint8Array(1000) }, placement: new Uint8Array(10) };
  return { ...parts, ...(base && { base }) } as unknown as LoadedParts;
}

function heldOf(parts: LoadedParts): LoadedVersion<null> {
  const { version } = parts;
  return {
    version,
    parts,
    value: null,
    from: "r2",
    fresh: [],
    loadedAt: 0,
    leases: new Set(),
    expired: false,
  };
}

const isFreed = ({ artifact, placement }: LoadedParts): boolean =>
  artifact.bytes.byteLength + placement.byteLength === 0;

test("the memory of a version that was replaced is given back when its last request has ended, and not before", () => {
  const versions = createLoadedVersions<null>();
  const [first, second] = [partsOf("1"), partsOf("2")];
  versions.put(heldOf(first));
  const releases = [versions.take(versions.live!), versions.take(versions.live!)];
  versions.put(heldOf(second));
  releases[0]!();
  expect(isFreed(first)).toBe(false);
  expect(versions.bytes).toBe(2020);
  releases[1]!();
  expect(isFreed(first)).toBe(true);
  expect(isFreed(second)).toBe(false);
  expect(versions.bytes).toBe(1010);
});

test("a base that the next version has as well, or that is being loaded upon, stays", () => {
  const versions = createLoadedVersions<null>();
  const base = partsOf("base");
  const [first, second] = [partsOf("1", base), partsOf("2", base)];
  versions.put(heldOf(first));
  versions.put(heldOf(second));
  expect([isFreed(first), isFreed(base)]).toEqual([true, false]);
  const unpin = versions.pin(base);
  versions.retire();
  expect([isFreed(second), isFreed(base)]).toEqual([true, false]);
  versions.put(heldOf(base));
  unpin();
  expect(isFreed(base)).toBe(false);
  versions.retire();
  expect(isFreed(base)).toBe(true);
});

test("a base whose version made room for a load that failed is given back", () => {
  const versions = createLoadedVersions<null>();
  const base = partsOf("base");
  versions.put(heldOf(base));
  const unpin = versions.pin(base);
  versions.retire();
  expect(isFreed(base)).toBe(false);
  unpin();
  expect(isFreed(base)).toBe(true);
});

test("a request whose lease has expired may still read the version: its memory is left to garbage collection", () => {
  vi.useFakeTimers();
  const versions = createLoadedVersions<null>();
  const base = partsOf("base");
  const first = partsOf("1", base);
  versions.put(heldOf(first));
  versions.take(versions.live!);
  versions.put(heldOf(partsOf("2", base)));
  vi.advanceTimersByTime(31_000);
  expect(versions.bytes).toBe(2020);
  versions.retire();
  expect(versions.bytes).toBe(0);
  expect([isFreed(first), isFreed(base)]).toEqual([false, false]);
});

test("a request that failed keeps the version for a moment, and its memory is given back then", () => {
  vi.useFakeTimers();
  const versions = createLoadedVersions<null>();
  const first = partsOf("1");
  versions.put(heldOf(first));
  const release = versions.take(versions.live!);
  release(1000);
  versions.put(heldOf(partsOf("2")));
  vi.advanceTimersByTime(999);
  expect(versions.bytes).toBe(2020);
  expect(isFreed(first)).toBe(false);
  vi.advanceTimersByTime(1);
  expect(versions.bytes).toBe(1010);
  expect(isFreed(first)).toBe(true);
});
