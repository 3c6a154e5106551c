import { expect, it } from "vitest";
import { createRotation } from "../../../worker/forest/compact/rotation.ts";
import { createRandom } from "../random.ts";
import { createFourRotations, LANES } from "./rotate.ts";

it.each([64, 128, 192, 384, 4096])("four vectors at once are turned as one by one: %i bits", (bits) => {
  const random = createRandom(bits);
  const rows = Array.from({ length: LANES }, () => Float32Array.from({ length: bits }, () => random() - 0.5));
  const four = createFourRotations(bits, 9);
  for (const [v, row] of rows.entries()) for (let i = 0; i < bits; i++) four.values[i * LANES + v] = row[i]!;
  four.turn();
  const one = createRotation(bits, 9);
  const turned = new Float32Array(bits);
  for (const [v, row] of rows.entries()) {
    one.forward(row, 0, bits, turned);
    for (let i = 0; i < bits; i++) expect(four.values[i * LANES + v]).toBeCloseTo(turned[i]!, 4);
  }
});
