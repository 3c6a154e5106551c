import { expect } from "vitest";
import type { Metric } from "../../worker/core/format/constants.ts";

/** Items found, nearest first, with the distances. */
export type Ranking<T> = readonly (readonly [found: T, distance: number])[];

/**
 * Asserts the same distances; and the same finds, but for such whose distances are too near to tell apart. Roots are held
 * against each other by their squares: what a sum is off by becomes large under a root of almost nothing.
 *
 * @param tolerance what distances may differ by, relative to 1 or to themselves; 0: equal bits
 */
export function expectSame<T>(
  ours: Ranking<T>,
  theirs: Ranking<T>,
  { metric, tolerance }: { readonly metric: Metric; readonly tolerance: number },
): void {
  if (tolerance === 0) {
    expect(ours).toEqual(theirs);
    return;
  }
  expect(ours.length).toBe(theirs.length);
  const isRoot = metric === "angular" || metric === "euclidean";
  const sum = (distance: number) => (isRoot ? distance * distance : distance);
  const expectNear = (distance: number, wanted: number) =>
    expect(Math.abs(sum(distance) - sum(wanted)), `${distance} for ${wanted}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(sum(wanted))),
    );
  const keys = ours.map(([found]) => JSON.stringify(found));
  for (const [i, [found, wanted]] of theirs.entries()) {
    expectNear(ours[i]![1], wanted);
    const at = keys.indexOf(JSON.stringify(found));
    expect(at, `${JSON.stringify(found)} is found`).toBeGreaterThanOrEqual(0);
    if (at !== i) expectNear(ours[at]![1], wanted);
  }
}
