import { expect, test } from "vitest";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { checkRecall, checkSize, warnOfSize } from "./gate.ts";

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

test("of a sharded index each shard and the router must fit, and large shards are warned of", () => {
  const shard = (hotBytes: number) => ({ version: "v", items: 10, firstItem: 0, hotBytes });
  const sharded = (router: number, ...hot: number[]) =>
    ({ ...manifestOf(1, 0.95, router, 50e6), shards: { list: hot.map(shard) } }) as unknown as Manifest;
  expect(checkSize(sharded(20e6, 50e6, 50e6, 50e6))).toEqual([]);
  expect(checkSize(sharded(20e6, 50e6, 111e6))[0]?.message).toMatch(/^Shard 1 takes 111\.0 MB/);
  expect(checkSize(sharded(111e6, 50e6))[0]?.message).toMatch(/^The router takes 111\.0 MB/);
  expect(warnOfSize(sharded(20e6, 50e6, 50e6))).toEqual([]);
  expect(warnOfSize(sharded(20e6, 50e6, 61e6, 70e6))).toEqual([
    "2 shards take more than 60.0 MB of memory, up to 70.0 MB.",
  ]);
  expect(warnOfSize(sharded(20e6, 61e6), 65e6)).toEqual([]);
});
