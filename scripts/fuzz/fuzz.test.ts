import { expect, test } from "vitest";
import { emptyTallies, fuzzCase } from "./fuzz.ts";
import { makeSamples } from "./samples.ts";

test("three thousand damaged files are refused or answered from, never a crash or an impossible answer", async () => {
  const samples = await makeSamples();
  const tallies = emptyTallies();
  for (let n = 0; n < 3000; n++) {
    const fault = fuzzCase(samples, 7, n, tallies);
    expect(fault, fault?.error).toBeUndefined();
  }
  // Each kind of file sees both ends, so the damage is neither too coarse nor without effect.
  for (const tally of Object.values(tallies)) {
    expect(tally.refused).toBeGreaterThan(50);
    expect(tally.answered).toBeGreaterThan(50);
  }
});
