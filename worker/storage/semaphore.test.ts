import { expect, onTestFinished, test, vi } from "vitest";
import { createSemaphore } from "./semaphore.ts";

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test("what runs at once takes no more than there is, and something larger runs alone", async () => {
  const limited = createSemaphore(10);
  let taken = 0;
  let most = 0;
  const run = (bytes: number) =>
    limited(bytes, async () => {
      taken += bytes;
      most = Math.max(most, taken);
      await after(1);
      taken -= bytes;
      return bytes;
    });
  expect(await Promise.all([4, 4, 2, 4, 6].map(run))).toEqual([4, 4, 2, 4, 6]);
  expect(most).toBe(10);
  most = 0;
  await Promise.all([run(3), run(25)]);
  expect(most).toBe(25);
  await expect(limited(10, () => Promise.reject(new Error("lost")))).rejects.toThrow("lost");
  expect(await run(10)).toBe(10);
});

test("who waits is served in the order of coming, large or small, and nobody who comes later is", async () => {
  const limited = createSemaphore(10);
  const order: number[] = [];
  const run = (number: number, bytes: number) =>
    limited(bytes, async () => {
      order.push(number);
      await after(2);
    });
  const first = [run(0, 6), run(1, 8), run(2, 1), run(3, 9), run(4, 1)];
  await after(3);
  await Promise.all([...first, run(5, 1)]);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
});

test("who is so late that it was taken for gone stands in line again", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const limited = createSemaphore(10);
  const order: string[] = [];
  const run = (name: string) => limited(10, async () => void order.push(name));
  const { promise, resolve } = Promise.withResolvers<void>();
  void limited(10, () => new Promise(() => {}));
  const late = run("late");
  vi.setSystemTime(Date.now() + 6_000);
  const running = limited(10, () => promise);
  await vi.advanceTimersByTimeAsync(10);
  const next = run("next");
  await vi.advanceTimersByTimeAsync(50);
  resolve();
  await vi.advanceTimersByTimeAsync(500);
  await Promise.all([running, late, next]);
  expect(order).toEqual(["late", "next"]);
});

test("who has waited for long is refused, and the others are served", async () => {
  const limited = createSemaphore(10, { longestWait: 20 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const running = limited(10, () => promise);
  await expect(limited(1, after.bind(null, 0))).rejects.toMatchObject({ code: "ISOLATE_BUSY" });
  resolve();
  await running;
  expect(await limited(10, async () => "served")).toBe("served");
});
