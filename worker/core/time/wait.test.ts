import { describe, expect, test } from "vitest";
import { retryAfter, sleep, within } from "./wait.ts";

const never = new Promise<string>(() => {});

describe("within", () => {
  test("gives what the promise gives, or its error", async () => {
    expect(await within(Promise.resolve("here"), 1000, () => "late")).toBe("here");
    const failed = within(Promise.reject(new Error("broken")), 1000, () => "late");
    await expect(failed).rejects.toThrow("broken");
  });

  test("gives what `late` gives or throws when the promise takes too long", async () => {
    expect(await within(never, 1, () => "late")).toBe("late");
    const failed = within(never, 1, () => {
      throw new Error("too late");
    });
    await expect(failed).rejects.toThrow("too late");
  });
});

describe("sleep", () => {
  test("ends with the signal, before and while it waits", async () => {
    await expect(sleep(60_000, AbortSignal.abort("before"))).rejects.toBe("before");
    const controller = new AbortController();
    const waiting = sleep(60_000, controller.signal);
    controller.abort("while");
    await expect(waiting).rejects.toBe("while");
  });
});

test("retryAfter reads seconds and dates, and nothing else", () => {
  expect(retryAfter("2")).toBe(2000);
  expect(retryAfter(" 0.25 ")).toBe(250);
  expect(retryAfter("Thu, 01 Jan 1970 00:00:00 GMT")).toBe(0);
  const soon = retryAfter(new Date(Date.now() + 60_000).toUTCString());
  expect(soon).toBeGreaterThan(50_000);
  expect([retryAfter(null), retryAfter("soon"), retryAfter(undefined)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
