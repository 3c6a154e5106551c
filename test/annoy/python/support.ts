import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { AnnoyIndex } from "../../../build/annoy/annoy-index.ts";
import { Kiss64 } from "../../../build/annoy/random.ts";
import type { Metric } from "../../../worker/core/format/constants.ts";

/**
 * Helpers of the tests of Annoy's Python module, carried over by meaning in this folder. Each is named for the one it
 * carries. Sizes are smaller where theirs are large for the sake of leaks in C++; `accuracy_test` needs data sets that are
 * fetched.
 */
export const random = new Kiss64(20n);
export const uniform = () => (random.index(1 << 30) + 0.5) / (1 << 30);
export const gauss = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
export const normal = (f: number) => Array.from({ length: f }, gauss);
export const norm = (v: readonly number[]) => Math.hypot(...v);

export let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "python-suite-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
export const file = (name: string) => join(folder, name);

export async function built(
  metric: Metric,
  rows: readonly ArrayLike<number>[],
  trees = 10,
): Promise<AnnoyIndex> {
  const index = new AnnoyIndex(rows[0]!.length, metric);
  for (const [i, v] of rows.entries()) index.addItem(i, v);
  expect(await index.build(trees)).toBe(true);
  return index;
}

export function loaded(path: string, f = 10, metric: Metric = "angular"): AnnoyIndex {
  const index = new AnnoyIndex(f, metric);
  expect(index.load(path)).toBe(true);
  return index;
}

export const code = (value: string) => expect.objectContaining({ code: value });

export type Vector = readonly number[];

/** Three items in a corner of the plane, from many of those tests. */
export const CORNER: readonly Vector[] = [
  [2, 2],
  [3, 2],
  [3, 3],
];

export function product(u: Vector, v: Vector): number {
  return u.reduce((sum, x, i) => sum + x * v[i]!, 0);
}
