import { expect, onTestFinished, test, vi } from "vitest";
import { createRequestMemory } from "../core/format/request-memory.ts";
import { createWork } from "../core/format/work.ts";
import { sleep } from "../core/time/wait.ts";
import { createSemaphore } from "../storage/semaphore.ts";
import { openReservation } from "./reservation.ts";

const BUSY = expect.objectContaining({ code: "ISOLATE_BUSY", headers: { "retry-after": "1" } });

test("requests that would take more memory together than there is are refused, one alone is not", () => {
  const memory = createRequestMemory(1000);
  const [first, second] = [openReservation(memory), openReservation(memory)];
  first.reserve(5000);
  expect(() => second.counting(createWork()).hold("read", "documents", 1)).toThrow(BUSY);
  expect(memory.bytes).toBe(5000);
  first.release();
  second.counting(createWork()).hold("answer", "vectors", 900);
  expect(() => openReservation(memory).reserve(101)).toThrow(BUSY);
  openReservation(memory).reserve(100);
  second.release();
  expect(memory.bytes).toBe(100);
});

test("what requests hold and what runs in turn come to the same sum", async () => {
  const memory = createRequestMemory(1000);
  const limited = createSemaphore(900, { memory, longestWait: 20 });
  const [first, second] = [openReservation(memory), openReservation(memory)];
  first.reserve(500);
  const { promise, resolve } = Promise.withResolvers<void>();
  const running = limited(300, () => promise);
  expect(memory.bytes).toBe(800);
  expect(() => second.reserve(201)).toThrow(BUSY);
  await expect(limited(300, async () => {})).rejects.toMatchObject({ code: "ISOLATE_BUSY" });
  resolve();
  await running;
  // Its own steps keep a request that is alone from nothing.
  const { share } = first.counting(createWork());
  await limited(900, async () => first.reserve(600), share);
  await expect(limited(300, async () => {})).rejects.toMatchObject({ code: "ISOLATE_BUSY" });
  first.release();
  expect(memory.bytes).toBe(0);
});

test("requests whose bodies leave no room for a ranking rank one after the other", async () => {
  const memory = createRequestMemory(1000);
  const limited = createSemaphore(900, { memory, longestWait: 200 });
  let running = 0;
  let most = 0;
  const rank = async () => {
    const { reserve, counting, release } = openReservation(memory);
    reserve(250);
    const { share } = counting(createWork());
    await sleep(1);
    const run = async () => {
      most = Math.max(most, ++running);
      await sleep(2);
      running--;
    };
    await limited(300, run, share).finally(release);
  };
  await Promise.all(Array.from({ length: 4 }, rank));
  expect([most, memory.bytes]).toEqual([1, 0]);
  // One that answers gives its memory back: others wait for that.
  openReservation(memory).reserve(701);
  await expect(limited(300, async () => {})).rejects.toMatchObject({ code: "ISOLATE_BUSY" });
});

test("a request that is gone keeps no ranking waiting", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const memory = createRequestMemory(1000);
  const limited = createSemaphore(900, { memory, longestWait: 0 });
  openReservation(memory).reserve(800);
  await expect(limited(300, async () => {})).rejects.toMatchObject({ code: "ISOLATE_BUSY" });
  vi.setSystemTime(Date.now() + 61_000);
  await limited(300, async () => {});
});

test("a request that has left takes nothing more, which nobody would give back, and works no more", () => {
  const memory = createRequestMemory(1000);
  const { reserve, counting, release } = openReservation(memory);
  const work = counting(createWork());
  reserve(10);
  release();
  const late = [
    () => reserve(500),
    () => work.hold("read", "documents", 500),
    () => work.spend("vectors", 1),
    () => work.done("facets", 1),
  ];
  for (const one of late) {
    expect(one).toThrow(expect.objectContaining({ code: "TIMEOUT" }));
  }
  expect(memory.bytes).toBe(0);
});
