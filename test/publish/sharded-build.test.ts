import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build, gc, publish, rollback, versions } from "../../build/index.ts";
import { vectorCorpus } from "../seed/corpus.ts";
import { ROOT } from "./runtime.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "annoy-edge-sharded-build-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test("what build cuts into shards is verified, published, rolled back and collected by the commands' functions", async () => {
  const target = { root: ROOT, persistTo: join(dir, "state"), name: "cut" };
  const documents = vectorCorpus(1200, 8);
  const options = { documents, name: "cut", metric: "euclidean", targetRecall: 0.9 } as const;
  const [cut, whole] = [join(dir, "cut"), join(dir, "whole")];
  await build({ ...options, out: cut, shards: 3 });
  await build({ ...options, out: whole });
  const golden = [{ query: '"row 77"', mode: "keyword", expect: "row-77" }] as const;
  const first = await publish(cut, { ...target, golden });
  expect(first).toMatchObject({ outcome: "published", items: 1200, shards: 3, forced: [], warnings: [] });
  const second = await publish(whole, { ...target, golden });
  expect(second).toMatchObject({ documents: { added: 0, kept: 1200 }, written: { pages: 0 } });
  expect(await rollback(undefined, target)).toMatchObject({ version: first.version });
  const missed = [{ query: '"row 77"', mode: "keyword", expect: "row-78" }] as const;
  await expect(publish(whole, { ...target, golden: missed })).rejects.toThrow(/GOLDEN_QUERY/);
  expect((await versions(target)).versions.map(({ state, objects }) => [state, objects])).toEqual([
    ["current", 12],
    ["previous", 3],
  ]);
  expect(await gc({ ...target, keep: 1 })).toMatchObject({ removed: [] });
  await truncate(join(cut, "shards", "0002", "forest.bin"), 500);
  await expect(publish(cut, target)).rejects.toMatchObject({ code: "ARTIFACT_CHANGED" });
});
