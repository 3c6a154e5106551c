import { expect, test } from "vitest";
import { itemAt } from "./slots.ts";

test("an item beyond the index never comes out of a damaged table", () => {
  const table = { nItems: 5, nSlots: 2, slotItems: Uint32Array.of(4, 5), itemSlots: new Uint32Array(5) };
  expect(itemAt(table, 0)).toBe(4);
  expect(() => itemAt(table, 1)).toThrow(
    expect.objectContaining({ code: "CORRUPT_FOREST", message: "Slot 1 names item 5 of 5." }),
  );
});
