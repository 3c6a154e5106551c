import fc from "fast-check";
import { expect, test } from "vitest";
import { createIdSet } from "./ids.ts";

test("a set of ids answers as a set does, however it grows", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 300 }), (ids) => {
      const set = createIdSet();
      const seen = new Set<string>();
      for (const id of ids) {
        expect(set.has(id)).toBe(seen.has(id));
        set.add(id);
        seen.add(id);
      }
    }),
    { numRuns: 30 },
  );
  const many = createIdSet();
  for (let i = 0; i < 20_000; i++) many.add(`id ${i}`);
  const missing = Array.from({ length: 20_000 }, (_, i) => i).filter((i) => !many.has(`id ${i}`));
  expect(missing).toEqual([]);
  expect(many.has("id 20000")).toBe(false);
});
