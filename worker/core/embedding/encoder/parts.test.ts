import { expect, test } from "vitest";
import { loadEncoder } from "../../../../build/embedding/sentence/embedder.ts";
import { createWork } from "../../format/work.ts";
import { PART_TOKENS, partsOf } from "./encoder.ts";

const numbers = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);

test("leaves a query of up to 128 tokens whole, and cuts a longer one into parts of like length", () => {
  expect(partsOf(numbers(128), 1, 2)).toEqual([numbers(128)]);
  expect(partsOf(numbers(130), 1, 2)).toEqual([
    [...numbers(65), 129],
    [0, ...numbers(64, 65), 129],
  ]);
});

test("spreads the parts of a query over all of it, each with what stands around the text", () => {
  const whole = numbers(1000);
  for (const [head, most] of [
    [1, 2],
    [3, 4],
  ] as const) {
    const parts = partsOf(whole, head, most);
    expect(parts.map(({ length }) => length)).toEqual(Array(most).fill(PART_TOKENS));
    for (const part of parts) expect([...part.slice(0, head), part.at(-1)]).toEqual([...numbers(head), 999]);
    expect(parts[0]![head]).toBe(head);
    expect(parts.at(-1)!.at(-2)).toBe(998);
    const steps = parts.slice(1).map((part, i) => part[head]! - parts[i]![head]!);
    expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(1);
  }
});

test("the vector of a long query is the mean of its parts', at the work of as many tokens as a passage has", async () => {
  const { embedQueries, embedQuery, countTokens, maxTokens } = await loadEncoder();
  const [begin, end] = ["fox ".repeat(126), "house ".repeat(126)];
  expect([countTokens(begin), countTokens(end)]).toEqual([128, 128]);
  const [a, b] = [await embedQuery(begin), await embedQuery(end)];
  const sum = a.map((x, i) => x + b[i]!);
  const length = Math.hypot(...sum);
  const work = createWork();
  const [long = []] = await embedQueries!([`${begin}${"river ".repeat(500)}${end}`], work);
  for (const [i, x] of long.entries()) expect(x).toBeCloseTo(sum[i]! / length, 5);
  const whole = createWork();
  await embedQueries!([begin], whole);
  expect(work.spent()).toBe((whole.spent() * maxTokens) / 128);
});
