import { expect, test } from "vitest";
import { createRequestMemory } from "../core/format/request-memory.ts";
import { createWork } from "../core/format/work.ts";
import { createTurns } from "../storage/turns.ts";
import { enterFlight } from "./flight.ts";

const BUSY = expect.objectContaining({ code: "ISOLATE_BUSY", headers: { "retry-after": "1" } });

test("requests that would take more memory together than there is are refused, one alone is not", () => {
  const memory = createRequestMemory(1000);
  const [first, second] = [enterFlight(memory), enterFlight(memory)];
  first.hold(5000);
  expect(() => second.counting(createWork()).hold("read", "documents", 1)).toThrow(BUSY);
  expect(memory.bytes).toBe(5000);
  first.leave();
  second.counting(createWork()).hold("answer", "vectors", 900);
  expect(() => enterFlight(memory).hold(101)).toThrow(BUSY);
  enterFlight(memory).hold(100);
  second.leave();
  expect(memory.bytes).toBe(100);
});

test("what requests hold and what runs by turns come to the same sum", async () => {
  const memory = createRequestMemory(1000);
  const turns = createTurns(900, { memory, longestWait: 20 });
  const [first, second] = [enterFlight(memory), enterFlight(memory)];
  first.hold(500);
  const { promise, resolve } = Promise.withResolvers<void>();
  const running = turns(300, () => promise);
  expect(memory.bytes).toBe(800);
  expect(() => second.hold(201)).toThrow(BUSY);
  await expect(turns(300, async () => {})).rejects.toMatchObject({ code: "ISOLATE_BUSY" });
  resolve();
  await running;
  // Its own steps keep a request that is alone from nothing.
  const { share } = first.counting(createWork());
  await turns(900, async () => first.hold(600), share);
  await expect(turns(300, async () => {})).rejects.toMatchObject({ code: "ISOLATE_BUSY" });
  first.leave();
  expect(memory.bytes).toBe(0);
});

test("a request that has left takes nothing more, which nobody would give back, and works no more", () => {
  const memory = createRequestMemory(1000);
  const { hold, counting, leave } = enterFlight(memory);
  const work = counting(createWork());
  hold(10);
  leave();
  const late = [
    () => hold(500),
    () => work.hold("read", "documents", 500),
    () => work.spend("vectors", 1),
    () => work.done("facets", 1),
  ];
  for (const one of late) {
    expect(one).toThrow(expect.objectContaining({ code: "TIMEOUT" }));
  }
  expect(memory.bytes).toBe(0);
});
