import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build } from "../../build/index.ts";
import { MIN_ANSWERED, MIN_INDEXED, missedQuestions, wordsIndexed } from "./measure.ts";
import { unpacked } from "./packages.ts";
import { SITES } from "./questions.ts";

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "annoy-edge-sites-"));
});
afterAll(() => rm(out, { recursive: true, force: true }));

describe.each(SITES)("a site of $name", ({ name, package: pack, folder, questions }) => {
  test("answers questions with the page that does", async () => {
    const site = join(await unpacked(pack), folder);
    const artifact = join(out, name.replace(/\W/g, ""));
    await build({ site, out: artifact, name: "site", embedder: "static" });
    const missed = await missedQuestions(artifact, questions);
    expect(questions.length - missed.length, missed.join("\n")).toBeGreaterThanOrEqual(MIN_ANSWERED);
  });

  test("has its visible words in the index", async () => {
    const { all, poor } = await wordsIndexed(join(await unpacked(pack), folder));
    const share = all.indexed / all.seen;
    process.stdout.write(
      `${name}: ${all.indexed} of ${all.seen} visible words are indexed (${(100 * share).toFixed(2)}%)\n`,
    );
    expect(share).toBeGreaterThanOrEqual(MIN_INDEXED);
    expect(poor).toEqual([]);
  });
});
