import { afterEach, expect, test, vi } from "vitest";
import type { Held } from "./held.ts";
import { createHolder } from "./holder.ts";
import type { LoadedParts } from "./loaded.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** An artifact of which only the bytes matter. */
function partsOf(version: string, base?: LoadedParts): LoadedParts {
  const parts = { version, artifact: { bytes: new Uint8Array(1000) }, placement: new Uint8Array(10) };
  return { ...parts, ...(base && { base }) } as unknown as LoadedParts;
}

function heldOf(parts: LoadedParts): Held<null> {
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
  const holder = createHolder<null>();
  const [first, second] = [partsOf("1"), partsOf("2")];
  holder.put(heldOf(first));
  const releases = [holder.take(holder.live!), holder.take(holder.live!)];
  holder.put(heldOf(second));
  releases[0]!();
  expect(isFreed(first)).toBe(false);
  expect(holder.bytes).toBe(2020);
  releases[1]!();
  expect(isFreed(first)).toBe(true);
  expect(isFreed(second)).toBe(false);
  expect(holder.bytes).toBe(1010);
});

test("a base that the next version has as well, or that is being loaded upon, stays", () => {
  const holder = createHolder<null>();
  const base = partsOf("base");
  const [first, second] = [partsOf("1", base), partsOf("2", base)];
  holder.put(heldOf(first));
  holder.put(heldOf(second));
  expect([isFreed(first), isFreed(base)]).toEqual([true, false]);
  const unpin = holder.pin(base);
  holder.retire();
  expect([isFreed(second), isFreed(base)]).toEqual([true, false]);
  holder.put(heldOf(base));
  unpin();
  expect(isFreed(base)).toBe(false);
  holder.retire();
  expect(isFreed(base)).toBe(true);
});

test("a base whose version made room for a load that failed is given back", () => {
  const holder = createHolder<null>();
  const base = partsOf("base");
  holder.put(heldOf(base));
  const unpin = holder.pin(base);
  holder.retire();
  expect(isFreed(base)).toBe(false);
  unpin();
  expect(isFreed(base)).toBe(true);
});

test("a request whose lease has expired may still read the version: its memory is left to garbage collection", () => {
  vi.useFakeTimers();
  const holder = createHolder<null>();
  const base = partsOf("base");
  const first = partsOf("1", base);
  holder.put(heldOf(first));
  holder.take(holder.live!);
  holder.put(heldOf(partsOf("2", base)));
  vi.advanceTimersByTime(31_000);
  expect(holder.bytes).toBe(2020);
  holder.retire();
  expect(holder.bytes).toBe(0);
  expect([isFreed(first), isFreed(base)]).toEqual([false, false]);
});

test("a request that failed keeps the version for a moment, and its memory is given back then", () => {
  vi.useFakeTimers();
  const holder = createHolder<null>();
  const first = partsOf("1");
  holder.put(heldOf(first));
  const release = holder.take(holder.live!);
  release(1000);
  holder.put(heldOf(partsOf("2")));
  vi.advanceTimersByTime(999);
  expect(holder.bytes).toBe(2020);
  expect(isFreed(first)).toBe(false);
  vi.advanceTimersByTime(1);
  expect(holder.bytes).toBe(1010);
  expect(isFreed(first)).toBe(true);
});
