import { expect, test } from "vitest";
import { DEFAULT_SEED, Kiss64 } from "./random.ts";

const MASK = (1n << 64n) - 1n;

/** The same generator in 64-bit integers, as kissrandom.h writes it. */
function reference(seed: bigint): () => bigint {
  let x = seed & MASK;
  let y = 362436362436362436n;
  let z = 1066149217761810n;
  let c = 123456123456123456n;
  return () => {
    z = (6906969069n * z + 1234567n) & MASK;
    y ^= (y << 13n) & MASK;
    y ^= y >> 17n;
    y ^= (y << 43n) & MASK;
    const t = ((x << 58n) + c) & MASK;
    c = x >> 6n;
    x = (x + t) & MASK;
    c = (c + (x < t ? 1n : 0n)) & MASK;
    return (x + y + z) & MASK;
  };
}

test.each([DEFAULT_SEED, 42n, 0n, -1n, 0xffff_ffffn])(
  "draws the numbers of 64-bit KISS for seed %d",
  (seed) => {
    const random = new Kiss64(seed);
    const expected = reference(seed);
    for (let i = 0; i < 20_000; i++) {
      const n = 1 + ((i * 7919) % 2_000_000_000);
      if (i % 3 === 0) expect(random.flip()).toBe(Number(expected() & 1n));
      else expect(random.index(n)).toBe(Number(expected() % BigInt(n)));
    }
  },
);
