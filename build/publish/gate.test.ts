import { expect, test } from "vitest";
import type { Manifest } from "../../worker/format/meta.ts";
import { checkRecall, checkSize } from "./gate.ts";

const manifestOf = (recallAt10: number, target = 0.95, hotBytes = 1000, items = 10) =>
  // Only these fields are looked at.
  ({ version: "v", hotBytes, items, certified: { recallAt10, target } }) as unknown as Manifest;
const codes = (failures: readonly { code: string }[]) => failures.map(({ code }) => code);

test.each([
  [0.95, undefined, []],
  [0.9499, undefined, ["RECALL_BELOW_TARGET"]],
  [Number.NaN, undefined, ["RECALL_BELOW_TARGET"]],
  [0.96, 0.97, []],
  [0.96, 0.9701, ["RECALL_FELL"]],
  [0.94, 0.99, ["RECALL_BELOW_TARGET", "RECALL_FELL"]],
])("recall %d after %d fails %j", (now, before, expected) => {
  const previous = before === undefined ? undefined : manifestOf(before);
  expect(codes(checkRecall(manifestOf(now), previous))).toEqual(expected);
});

test("what no isolate can hold is not published", () => {
  expect(checkSize(manifestOf(1, 0.95, 109_000_000))).toEqual([]);
  expect(codes(checkSize(manifestOf(1, 0.95, 111_000_000)))).toEqual(["TOO_LARGE"]);
  expect(codes(checkSize(manifestOf(1, 0.95, 100_000_000, 3_000_000)))).toEqual(["TOO_LARGE"]);
});
