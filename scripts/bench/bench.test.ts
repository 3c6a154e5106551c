import { describe, expect, it } from "vitest";
import { median } from "../../build/numeric/statistics.ts";
import { bestAt, speedAt } from "./measure.ts";
import { figure, ratio } from "./numbers.ts";
import { renderPlot } from "./plot.ts";
import { withSet } from "./report.ts";
import { renderMarkdown } from "./table.ts";
import type { BenchReport, Curve, Point, SetResult } from "./types.ts";

const point = (recall: number, qps: number): Point => ({ setting: 1, recall, qps, qpsMin: qps, qpsMax: qps });
const curve = (id: string, peer: string, points: readonly Point[]): Curve => ({
  id,
  peer,
  label: `${peer}, ${id}`,
  note: "",
  build: { cpu: 1, wall: 1, bytes: 1e6 },
  firstAnswerMs: 1,
  memory: 1e6,
  points,
});

describe("speed at a recall", () => {
  const points = [point(0.8, 4000), point(0.9, 1000), point(0.99, 100)];

  it("is that of a measured point at its own recall", () => {
    expect(speedAt(points, 0.9)).toBeCloseTo(1000);
    expect(speedAt(points, 0.99)).toBeCloseTo(100);
  });

  it("lies between two points on a line of logarithms", () => {
    // Half of the way from 10% missed to 1% missed, counted in logarithms.
    expect(speedAt(points, 1 - Math.sqrt(0.1 * 0.01))).toBeCloseTo(Math.sqrt(1000 * 100));
  });

  it("is unknown above the highest recall and that of the lowest point below all", () => {
    expect(speedAt(points, 0.995)).toBeUndefined();
    expect(speedAt(points, 0.5)).toBe(4000);
  });

  it("takes no setting that another one beats in both", () => {
    expect(speedAt([...points, point(0.85, 50)], 0.85)).toBeGreaterThan(1000);
  });

  it("is that of the fastest curve of a group", () => {
    const slow = curve("10", "annoy", [point(0.8, 100), point(0.99, 10)]);
    const fast = curve("50", "annoy", points);
    expect(bestAt([slow, fast], 0.9)?.curve).toBe(fast);
    expect(bestAt([slow, fast], 0.999)).toBeUndefined();
  });
});

it("takes the middle of an odd number of rounds, and the mean of the two middle ones of an even number", () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([5, 1, 3, 4])).toBe(3.5);
});

it("prints three significant digits", () => {
  expect([0.1234, 1.234, 12.34, 123.4, 12345].map(figure)).toEqual(["0.12", "1.23", "12.3", "123", "12,300"]);
  expect(figure(undefined)).toBe("–");
  expect([0.5, 2.04, 123.4].map(ratio)).toEqual(["0.50×", "2.0×", "123×"]);
});

describe("the report", () => {
  const set: SetResult = {
    date: "2026-01-01",
    machine: "a machine",
    versions: { Node: "1" },
    rounds: 5,
    load: "0.1",
    id: "set",
    title: "Set <1>",
    dimensions: 4,
    count: 10,
    curves: [
      curve("ours-node", "ours", [point(0.8, 8000), point(0.995, 400)]),
      curve("ours-worker", "ours", [point(0.8, 4000), point(0.995, 200)]),
      curve("annoy-10", "annoy", [point(0.8, 800), point(0.995, 40)]),
      curve("flat", "flat", [point(1, 20)]),
    ],
    skipped: [{ label: "other", reason: "not installed" }],
  };
  const report: BenchReport = { sets: [set] };

  it("compares with Annoy at equal recall, and with single settings at theirs", () => {
    const markdown = renderMarkdown(report);
    expect(markdown).toContain("| **ours in Node : Annoy's best** | **10×** | **10×** | **10×** |");
    expect(markdown).toMatch(/\| flat, flat \| 1.000 \| 20.0 \| 0.995 \| 200 \| 10× \|/);
    expect(markdown).toContain("other (not installed)");
  });

  it("holds what an index certifies against what its fresh queries found", () => {
    const atDefault = {
      searchK: 12_000,
      certified: 0.952,
      recall: 0.9481,
      error: 0.0032,
      queries: 1000,
    };
    const own = { ...set.curves[0]!, atDefault };
    expect(renderMarkdown({ sets: [{ ...set, curves: [own] }] })).toContain(
      "| 12,000 | 0.952 | 0.948 ± 0.003 |",
    );
    expect(renderMarkdown(report)).not.toContain("certified recall");
  });

  it("replaces a set by its newer result and keeps the order of the sets", () => {
    const named = (id: string, title: string): SetResult => ({ ...set, id, title });
    const before: BenchReport = { sets: [named("a", "old"), named("c", "old")] };
    const after = withSet(withSet(before, named("b", "new"), ["a", "b", "c"]), named("a", "new"), [
      "a",
      "b",
      "c",
    ]);
    expect(after.sets.map(({ id, title }) => `${id} ${title}`)).toEqual(["a new", "b new", "c old"]);
  });

  it("draws every contender, those of Annoy as one, and escapes text", () => {
    const svg = renderPlot(set);
    expect(svg.match(/<polyline/g)).toHaveLength(3);
    expect(svg.match(/<circle/g)).toHaveLength(1);
    expect(svg).toContain("Set &lt;1>");
    expect(svg).not.toContain("NaN");
  });
});
