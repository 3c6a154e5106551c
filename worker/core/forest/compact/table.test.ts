import { expect, test } from "vitest";
import { createRotation } from "./rotation.ts";
import { fillTable } from "./sketches.ts";
import { rotateQuery } from "./table.ts";

test("a query is rotated and summed anew whenever it, the seed or the length of the codes is another", () => {
  const query = (first: number) => Float32Array.from({ length: 100 }, (_, i) => Math.sin(first + i));
  const asked = [
    { seed: 1, dimensions: 128, bits: 128, query: query(0) },
    { seed: 1, dimensions: 128, bits: 128, query: query(0) },
    { seed: 1, dimensions: 128, bits: 128, query: query(1) },
    { seed: 2, dimensions: 128, bits: 128, query: query(1) },
    { seed: 2, dimensions: 128, bits: 64, query: query(1) },
    { seed: 2, dimensions: 192, bits: 64, query: query(1) },
    { seed: 2, dimensions: 192, bits: 64, query: query(1).subarray(0, 99) },
  ];
  for (const { seed, dimensions, bits, query } of asked) {
    const rotation = createRotation(dimensions, seed);
    const rotated = new Float32Array(dimensions);
    rotation.forward(query, 0, query.length, rotated);
    const table = new Int32Array(bits * 32);
    const unit = fillTable(rotated, bits, table);
    const found = rotateQuery(createRotation(dimensions, seed), bits, query);
    expect({ ...found, rotated: [...found.rotated] }).toMatchObject({ rotated: [...rotated], table, unit });
  }
});
