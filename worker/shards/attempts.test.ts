import { expect, test } from "vitest";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import type { Outcome } from "../core/search/shards/wire.ts";
import { attempted } from "./attempts.ts";

const good = (value: string): Promise<Outcome<string>> => Promise.resolve({ ok: true, value });
const refused = (code: string): Promise<Outcome<string>> =>
  Promise.resolve({ ok: false, code, message: `${code}.` });
const misfit = (): Promise<Outcome<string>> => {
  const issue = { field: "filter", code: "UNKNOWN_FILTER_FIELD", message: "No such field." } as const;
  return Promise.resolve({ ok: false, code: issue.code, message: issue.message, issues: [issue] });
};
const broken = (properties: object = {}): Promise<never> =>
  Promise.reject(Object.assign(new Error("reset"), properties));
const never = (): Promise<Outcome<string>> => new Promise(() => {});

/** Returns the outcome of the two attempts, and the number of those made. */
async function run(
  steps: readonly [() => Promise<Outcome<string>>, () => Promise<Outcome<string>>],
  options: { elsewhere: boolean; hedgeMs?: number },
): Promise<{ result: unknown; attempts: number }> {
  let attempts = 0;
  const result = await attempted(
    (attempt) => {
      attempts++;
      return steps[attempt]();
    },
    { hedgeMs: 60_000, ...options },
  ).catch((error: unknown) => (error instanceof AnnoyEdgeError ? error.code : error));
  return { result, attempts };
}

test("a shard that answers is asked once", async () => {
  const steps = [() => good("one"), () => good("two")] as const;
  expect(await run(steps, { elsewhere: true })).toEqual({ result: "one", attempts: 1 });
});

test("an object that was stopped is asked again, here or elsewhere", async () => {
  const steps = [() => broken(), () => good("two")] as const;
  for (const elsewhere of [false, true]) {
    expect(await run(steps, { elsewhere })).toEqual({ result: "two", attempts: 2 });
  }
});

test("an object that has too much to do is left alone, and another copy asked", async () => {
  const steps = [() => broken({ overloaded: true }), () => good("two")] as const;
  expect(await run(steps, { elsewhere: false })).toEqual({ result: "SHARD_UNREACHABLE", attempts: 1 });
  expect(await run(steps, { elsewhere: true })).toEqual({ result: "two", attempts: 2 });
});

test("a copy that refuses is not asked again, another one is", async () => {
  const steps = [() => refused("SHARD_UNAVAILABLE"), () => good("two")] as const;
  expect(await run(steps, { elsewhere: false })).toEqual({ result: "SHARD_UNAVAILABLE", attempts: 1 });
  expect(await run(steps, { elsewhere: true })).toEqual({ result: "two", attempts: 2 });
});

test("what is wrong with the request is the answer, and no copy is asked again", async () => {
  const steps = [misfit, () => good("two")] as const;
  expect(await run(steps, { elsewhere: true })).toEqual({ result: "UNKNOWN_FILTER_FIELD", attempts: 1 });
});

test("a slow copy has another one asked beside it, and whichever answers first counts", async () => {
  const options = { elsewhere: true, hedgeMs: 1 };
  expect(await run([never, () => good("two")], options)).toEqual({ result: "two", attempts: 2 });

  let answer: (outcome: Outcome<string>) => void = () => {};
  const slow = new Promise<Outcome<string>>((resolve) => {
    answer = resolve;
  });
  const hedge = (): Promise<Outcome<string>> => {
    answer({ ok: true, value: "one after all" });
    return never();
  };
  expect(await run([() => slow, hedge], options)).toEqual({ result: "one after all", attempts: 2 });
});

test("the failure of a hedge leaves the first attempt its time", async () => {
  let answer: (outcome: Outcome<string>) => void = () => {};
  const slow = new Promise<Outcome<string>>((resolve) => {
    answer = resolve;
  });
  const hedge = (): Promise<Outcome<string>> => {
    setTimeout(() => answer({ ok: true, value: "one" }), 5);
    return broken();
  };
  const options = { elsewhere: true, hedgeMs: 1 };
  expect(await run([() => slow, hedge], options)).toEqual({ result: "one", attempts: 2 });
});

test("when both attempts fail the first failure is told", async () => {
  const steps = [() => refused("SHARD_UNAVAILABLE"), () => broken()] as const;
  expect(await run(steps, { elsewhere: true })).toEqual({ result: "SHARD_UNAVAILABLE", attempts: 2 });
});
