import { splitMix } from "../../worker/core/forest/compact/rotation.ts";

/** A seeded stream of numbers in [0, 1). The same on every machine. */
export function createRandom(seed: number): () => number {
  const next = splitMix(seed);
  return () => (next() >>> 0) / 2 ** 32;
}

/** A seed for one part of a task, so that parts can be done in any order and by any thread. */
export function partSeed(seed: number, part: number): number {
  return Math.imul(seed ^ Math.imul(part + 1, 0x27d4eb2f), 0x165667b1) >>> 0;
}

/** `count` distinct entries of `list` (all of it, if it has no more), in the list's order. Floyd's sampling. */
export function sample(list: Uint32Array, count: number, random: () => number): Uint32Array {
  if (list.length <= count) return list;
  const picked = new Set<number>();
  for (let i = list.length - count; i < list.length; i++) {
    const at = Math.floor(random() * (i + 1));
    picked.add(picked.has(at) ? i : at);
  }
  return Uint32Array.from(
    [...picked].sort((a, b) => a - b),
    (at) => list[at]!,
  );
}
