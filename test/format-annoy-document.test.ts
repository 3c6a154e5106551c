import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  ANNOY_LAYOUTS,
  ANNOY_NODES_HEADER,
  ANNOY_NODES_HEADER_BYTES,
  NODE_WORDS,
  nodeLayout,
  ZERO_PLANE,
} from "../worker/core/format/annoy.ts";

/** docs/format-annoy.md is normative: what its tables say is what the constants must be. */
const text = readFileSync(new URL("../docs/format-annoy.md", import.meta.url), "utf8");

/** The rows of the first table below a heading, as cells without backticks. */
function table(heading: string): string[][] {
  const start = text.indexOf(`# ${heading}\n`);
  expect(start, heading).toBeGreaterThan(0);
  const [first = ""] = text.slice(start).match(/(?:^\|.*\|\n)+/m) ?? [];
  const rows = first.trim().split("\n").slice(2);
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

test("the nodes header's fields lie where the code reads them", () => {
  const fields = table("Nodes header").map(([offset, type, field]) => {
    expect(type).toBe("u32");
    return [field, Number(offset)];
  });
  expect(Object.fromEntries(fields)).toEqual(ANNOY_NODES_HEADER);
  expect(text).toContain(`A header of ${ANNOY_NODES_HEADER_BYTES} bytes`);
});

test("layouts have the numbers and metrics of the code", () => {
  const rows = table("Layouts").map(([number, layout, metric]) => [Number(number), layout, metric]);
  expect(rows).toEqual(ANNOY_LAYOUTS.map((name, i) => [i, name, nodeLayout(name, 8).metric]));
});

test("a node record is four words", () => {
  expect(table("Node record").map(([offset]) => Number(offset))).toEqual([0, 4, 8, 12]);
  expect(NODE_WORDS).toBe(4);
  expect(text).toContain(`0x${ZERO_PLANE.toString(16)}`);
});
