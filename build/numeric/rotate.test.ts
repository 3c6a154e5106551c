import { expect, it } from "vitest";
import { createRotation } from "../../worker/core/forest/compact/rotation.ts";
import { createRandom } from "./random.ts";
import { createFourRotations, LANES } from "./rotate.ts";

it.each([64, 128, 192, 384, 4096])("four vectors at once are turned as one by one: %i bits", (bits) => {
  const random = createRandom(bits);
  const rows = Array.from({ length: LANES }, () => Float32Array.from({ length: bits }, () => random() - 0.5));
  const four = createFourRotations(bits, 9, 64);
  for (const [v, row] of rows.entries()) for (let i = 0; i < bits; i++) four.values[i * LANES + v] = row[i]!;
  four.turn();
  const one = createRotation(bits, 9);
  const turned = new Float32Array(bits);
  for (const [v, row] of rows.entries()) {
    one.forward(row, 0, bits, turned);
    for (let i = 0; i < bits; i++) expect(four.values[i * LANES + v]).toBeCloseTo(turned[i]!, 4);
  }
});

it("signs are those of the turned numbers, and what they make of the centres", () => {
  const random = createRandom(5);
  const four = createFourRotations(128, 9, 64);
  for (let i = 0; i < 128 * LANES; i++) {
    four.values[i] = random() - 0.5;
    four.centres[i] = random() - 0.5;
  }
  four.values[0] = 0;
  four.values[1] = -0;
  four.takeSigns();
  for (let v = 0; v < LANES; v++) {
    let absolute = 0;
    let signed = 0;
    for (let i = 0; i < 64; i++) {
      const value = four.values[i * LANES + v]!;
      const sign = value >= 0 ? 1 : -1;
      absolute += Math.abs(value);
      signed += sign * four.centres[i * LANES + v]!;
      expect((four.words[(i >>> 5) * LANES + v]! >>> (i & 31)) & 1).toBe(sign > 0 ? 1 : 0);
    }
    expect(four.absolutes[v]).toBeCloseTo(absolute, 4);
    expect(four.signed[v]).toBeCloseTo(signed, 4);
  }
});
