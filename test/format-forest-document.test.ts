import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { NODE, NODE_WORDS } from "../worker/core/forest/compact/nodes.ts";
import { createRotation, fullSketchBits } from "../worker/core/forest/compact/rotation.ts";
import { FACTORS } from "../worker/core/forest/compact/sketches.ts";
import { NIBBLE_LEVELS, vectorBytes } from "../worker/core/forest/vector-stores.ts";

/** docs/format-forest.md is normative: what it says of bytes is what the code does. */
const text = page("format-forest.md");

function page(name: string): string {
  return readFileSync(new URL(`../docs/${name}`, import.meta.url), "utf8");
}

test("node records have the documented fields and length", () => {
  const section = text.slice(text.indexOf("### Node record"));
  const rows = [...section.matchAll(/^\| (\d+) \| (u32|f32) \| `(\w+)` \|/gm)];
  const documented = Object.fromEntries(rows.map(([, offset, , field]) => [field, Number(offset) / 4]));
  expect(documented).toEqual(NODE);
  expect(text).toContain(`\`nodes\` holds ${NODE_WORDS * 4} bytes a node`);
});

test("rows of every codec have the documented length", () => {
  for (const d of [1, 2, 31, 32, 33, 100]) {
    expect(vectorBytes("angular", "float32", d)).toBe(4 * d);
    expect(vectorBytes("angular", "int8", d)).toBe(d);
    expect(vectorBytes("angular", "int4", d)).toBe(Math.ceil(d / 2));
    expect(vectorBytes("hamming", "int8", d)).toBe(4 * Math.ceil(d / 32));
  }
  expect(page("format.md")).toContain(`(code - ${NIBBLE_LEVELS}) x scale`);
});

test("the head of sketchFactors has as many numbers as the text lists", () => {
  const [, list] = /`sketchFactors` holds f32: ([^;]+);/.exec(text) ?? [];
  expect(list?.split(",").length).toBe(FACTORS);
});

test("the rotation draws its signs and mixes its blocks as the text says", () => {
  const d = 70;
  const size = fullSketchBits(d);
  expect(size).toBe(128);
  let state = 9;
  const sign = () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) & 1 ? 1 : -1;
  };
  let values = Array.from({ length: size }, (_, i) => (i < d ? Math.sin(i + 1) : 0));
  const given = Float32Array.from(values.slice(0, d));
  for (let round = 0; round < 3; round++) {
    const signed = values.map((x) => x * sign());
    // The transform from its definition: the sign of a term is the parity of the common bits of the two indexes.
    const parity = (x: number) => x.toString(2).replaceAll("0", "").length % 2;
    values = signed.map(
      (_, i) => signed.reduce((sum, x, j) => sum + (parity(i & j) ? -x : x), 0) / Math.sqrt(size),
    );
  }
  const out = new Float32Array(size);
  createRotation(size, 9).forward(given, 0, d, out);
  for (const [i, x] of values.entries()) expect(out[i]).toBeCloseTo(x, 4);
});
