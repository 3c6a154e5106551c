import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as budget from "../../worker/core/format/budget.ts";

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");

test("docs/architecture.md lists the limits on memory as the code has them", () => {
  const rows = [...page("architecture.md").matchAll(/^\| `(\w+_BYTES)` \| (\d+) \|/gm)];
  const listed = Object.fromEntries(rows.map(([, name, megabytes]) => [name, Number(megabytes) * 1e6]));
  const limits = Object.entries(budget).filter(([, value]) => typeof value === "number");
  expect(listed).toEqual(Object.fromEntries(limits));
});

test("the limits that docs/architecture.md adds up come to the peak that it names", () => {
  const [, peak, terms, less] = /^\| `PEAK_BYTES` \| (\d+) \| ([^;]+); (\d+) less/m.exec(
    page("architecture.md"),
  )!;
  const limits = new Map<string, unknown>(Object.entries(budget));
  const added = [...terms!.matchAll(/`(\w+)`/g)].map(([, name]) => Number(limits.get(name!)));
  expect(added).toHaveLength(5);
  expect(added.reduce((sum, bytes) => sum + bytes, 0)).toBe(Number(peak) * 1e6);
  expect(budget.ISOLATE_BYTES - budget.PEAK_BYTES).toBe(Number(less) * 1e6);
});

test("other pages name the same limits", () => {
  const { FLIGHT_BYTES, HELD_BYTES, PLANNED_BYTES, PUBLISHED_BYTES, SHARD_BYTES } = budget;
  const named: readonly (readonly [file: string, pattern: RegExp, bytes: number])[] = [
    ["operations.md", /must fit an isolate \((\d+) MB, the encoder counted\)/, PUBLISHED_BYTES],
    ["operations.md", /above (\d+) MB \(`--shard-bytes`\)/, SHARD_BYTES],
    ["operations.md", /would hold more than (\d+) MB of an isolate/, HELD_BYTES],
    ["operations.md", /make room when all would hold more than (\d+) MB/, HELD_BYTES],
    ["http.md", /Loaded indexes and encoders share (\d+) MB/, HELD_BYTES],
    ["http.md", /all requests in flight share (\d+) MB/, FLIGHT_BYTES],
    ["scale.md", /up to (\d+) MB of its 128/, PLANNED_BYTES],
    ["scale.md", /`publish` lets pass \((\d+) MB\)/, PUBLISHED_BYTES],
    ["scale.md", /parts of at most (\d+) MB/, SHARD_BYTES],
    ["shards.md", /most memory of a shard \(default: (\d+) MB\)/, SHARD_BYTES],
  ];
  for (const [file, pattern, bytes] of named) {
    expect(`${file}: ${pattern.exec(page(file))?.[1]}`).toBe(`${file}: ${bytes / 1e6}`);
  }
});
