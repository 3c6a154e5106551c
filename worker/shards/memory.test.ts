import { expect, test } from "vitest";
import { createResidents, type Resident } from "./memory.ts";

const MB = 1_000_000;
const now = Date.now();

/** Shards of 40 MB, last asked so many seconds ago. */
function shards(ages: readonly number[], users: readonly number[] = []) {
  const residents = createResidents(100 * MB, 10_000);
  const dropped: number[] = [];
  const held: Resident[] = [];
  for (const [i, age] of ages.entries()) {
    const usedAt = now - age * 1000;
    const one: Resident = { bytes: 40 * MB, users: users[i] ?? 0, usedAt, drop: () => dropped.push(i) };
    held.push(one);
    residents.add(one);
  }
  return { residents, dropped, held };
}

test("shards that nobody has asked of late make room, the longest idle first and no more than needed", () => {
  const { residents, dropped } = shards([20, 40, 30]);
  residents.makeRoom(40 * MB)();
  expect(dropped).toEqual([1, 2]);
  expect(residents.bytes).toBe(40 * MB);
});

test("a shard that is being loaded counts until it is there, so that the next one makes room as well", () => {
  const { residents, dropped } = shards([20, 40]);
  const loaded = residents.makeRoom(20 * MB);
  expect(dropped).toEqual([]);
  expect(residents.bytes).toBe(100 * MB);
  residents.makeRoom(40 * MB);
  expect(dropped).toEqual([1]);
  loaded();
  expect(residents.bytes).toBe(80 * MB);
});

test("nothing is dropped where there is room", () => {
  const { residents, dropped } = shards([60]);
  residents.makeRoom(60 * MB);
  expect(dropped).toEqual([]);
});

test("shards in use, or asked a moment ago, stay, whatever that comes to", () => {
  const { residents, dropped } = shards([60, 1, 0], [1, 0, 0]);
  residents.makeRoom(60 * MB)();
  expect(dropped).toEqual([]);
  expect(residents.bytes).toBe(120 * MB);
});
