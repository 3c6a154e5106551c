import { expect, test } from "vitest";
import { createTurns } from "./turns.ts";

test("what runs at once takes no more than there is, and something larger runs alone", async () => {
  const turns = createTurns(10);
  let taken = 0;
  let most = 0;
  const run = (bytes: number) =>
    turns(bytes, async () => {
      taken += bytes;
      most = Math.max(most, taken);
      await new Promise((resolve) => setTimeout(resolve, 1));
      taken -= bytes;
      return bytes;
    });
  expect(await Promise.all([4, 4, 4, 2, 6].map(run))).toEqual([4, 4, 4, 2, 6]);
  expect(most).toBe(10);
  most = 0;
  await Promise.all([run(3), run(25)]);
  expect(most).toBe(25);
  await expect(turns(10, () => Promise.reject(new Error("lost")))).rejects.toThrow("lost");
  expect(await run(10)).toBe(10);
});
