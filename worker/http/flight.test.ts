import { expect, test } from "vitest";
import { createWork } from "../core/format/work.ts";
import { createFlight } from "./flight.ts";

test("requests that would take more memory together than there is are refused, one alone is not", () => {
  const flight = createFlight(1000);
  const [first, second] = [flight.enter(), flight.enter()];
  first.hold(5000);
  expect(() => second.counting(createWork()).hold("read", "documents", 1)).toThrow(
    expect.objectContaining({ code: "ISOLATE_BUSY", headers: { "retry-after": "1" } }),
  );
  expect(flight.bytes).toBe(5000);
  first.leave();
  second.counting(createWork()).hold("answer", "vectors", 900);
  expect(() => flight.enter().hold(101)).toThrow();
  flight.enter().hold(100);
  second.leave();
  expect(flight.bytes).toBe(100);
});

test("a request that has left takes nothing more, which nobody would give back, and works no more", () => {
  const flight = createFlight(1000);
  const { hold, counting, leave } = flight.enter();
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
  expect(flight.bytes).toBe(0);
});
