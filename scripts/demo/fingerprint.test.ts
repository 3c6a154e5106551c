import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CODE, fingerprint } from "./fingerprint.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "annoy-edge-fingerprint-"));
  for (const folder of [...CODE, "build/forest"]) await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, "build/forest/build-forest.ts"), "export const a = 1;\n");
  await writeFile(join(root, "data.txt"), "data");
});

afterEach(() => rm(root, { recursive: true }));

const now = (settings = {}) => fingerprint(root, settings, [join(root, "data.txt")]);

test("nothing changed gives the same fingerprint", async () => {
  expect(await now()).toBe(await now());
  expect(await now()).toMatch(/^[0-9a-f]{64}$/);
});

test("code, data, settings and names of files each change it", async () => {
  const before = await now();
  const prints = new Set([before, await now({ seed: 1 })]);
  await writeFile(join(root, "data.txt"), "date");
  prints.add(await now());
  await writeFile(join(root, "build/forest/build-forest.ts"), "export const a = 2;\n");
  prints.add(await now());
  await writeFile(join(root, "worker/core/format/new.ts"), "");
  prints.add(await now());
  expect(prints.size).toBe(5);
});

test("tests do not change it", async () => {
  const before = await now();
  await writeFile(join(root, "build/forest/build-forest.test.ts"), "");
  expect(await now()).toBe(before);
});
