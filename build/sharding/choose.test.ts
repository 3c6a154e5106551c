import { expect, test } from "vitest";
import { chooseRoute, type Evaluation } from "./choose.ts";

/** Queries of which each probe finds a share; `spread` around it by turns, so that the standard error is known. */
function evaluation(
  recallOf: (probes: number) => number,
  spread: number,
  { queries = 100, reported = recallOf }: { queries?: number; reported?: (probes: number) => number } = {},
): Evaluation {
  const numbers = Array.from({ length: queries }, (_, q) => q);
  return {
    centroids: 20,
    efforts: [1],
    choosing: numbers,
    reporting: numbers.map((q) => q + queries),
    recall: (_, query, probes) =>
      (query < queries ? recallOf(probes) : reported(probes)) + (query % 2 === 0 ? spread : -spread),
    asked: (_, probes) => probes,
  };
}

// With n queries and the values mean ± spread the standard error is spread / sqrt(n - 1).
const SPREAD = 0.1;
const error = SPREAD / Math.sqrt(99);

test("recall must lie 1.64 standard errors above the target: 95% confidence, as of a single index", () => {
  const rising = (probes: number) => 0.9 + probes * 0.01;
  const least = Math.ceil((0.95 + 1.64 * error - 0.9) / 0.01 - 1e-9);
  expect(chooseRoute(evaluation(rising, SPREAD), 0.95)).toEqual({
    effortIndex: 0,
    probes: least,
    met: true,
  });
  // Between 1.28 and 1.64 standard errors above is not enough.
  const near = (probes: number) => (probes < 10 ? 0.95 + 1.5 * error : 0.99);
  expect(chooseRoute(evaluation(near, SPREAD), 0.95).probes).toBe(10);
});

test("what the other half of the queries does not confirm is not chosen", () => {
  const reported = (probes: number) => (probes < 5 ? 0.94 : 0.96);
  expect(
    chooseRoute(
      evaluation(() => 0.99, 0, { reported }),
      0.95,
    ),
  ).toMatchObject({ probes: 5, met: true });
});

test("where nothing meets the target, the cheapest that is nearly the best is taken, and said not to meet it", () => {
  const limited = (probes: number) => Math.min(0.9, 0.8 + probes * 0.02);
  expect(chooseRoute(evaluation(limited, SPREAD), 0.95)).toEqual({ effortIndex: 0, probes: 5, met: false });
});
