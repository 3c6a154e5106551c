import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSpool } from "./spool.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-spool-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("rows come back as they were written, one by one, in blocks, and after they were changed", () => {
  // Room for two rows and a bit: most of what is read has gone to disk, the last of it not yet.
  const spool = createSpool(join(folder, "rows"), 3, 30);
  const row = (i: number) => Float32Array.of(i, -i, i / 2);
  spool.append(Float32Array.of(...row(0), ...row(1), ...row(2)));
  for (let i = 3; i < 8; i++) spool.next().set(row(i));
  expect(spool.count).toBe(8);
  const read = (first: number, count: number) => {
    const out = new Float32Array(new SharedArrayBuffer(count * 12));
    spool.read(first, out);
    return [...out];
  };
  expect(read(7, 1)).toEqual([...row(7)]);
  expect(read(1, 3)).toEqual([...row(1), ...row(2), ...row(3)]);
  spool.write(2, row(9));
  spool.append(row(10));
  const all = [...spool.blocks()].flatMap(({ rows }) => [...rows]);
  expect(all).toEqual([0, 1, 9, 3, 4, 5, 6, 7, 10].flatMap((i) => [...row(i)]));
  expect(() => read(8, 2)).toThrow(/ends at byte/);
  spool.close();
});
