import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeWranglerToml } from "../test/support/wrangler-toml.ts";
import type { Manifest } from "../worker/core/format/meta.ts";
import { execute } from "./cli/run.ts";
import { createProgram } from "./program.ts";

/** The command `rebuild` where documents change: of an index in shards. */

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "annoy-edge-rebuild-"));
  await writeWranglerToml(root);
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Forty documents of two directions, those of some numbers of another edition. */
function rows(edition: number, changed: readonly number[] = []): string {
  return Array.from({ length: 40 }, (_, i) => {
    const own = changed.includes(i) ? edition : 0;
    const vector = [i % 2, 1 - (i % 2), Math.sin(i + own / 7) / 9];
    return `${JSON.stringify({ id: `d${i}`, text: `text ${i} of edition ${own}`, vector })}\n`;
  }).join("");
}

async function run(name: string, ...flags: string[]) {
  const out: string[] = [];
  const code = await execute(
    createProgram(),
    ["rebuild", "--config", join(root, `${name}.config.mjs`), "--root", root, ...flags, "--json"],
    {
      out: { write: (text: string) => void out.push(text) },
      err: { write: () => {} },
    },
  );
  const { outcome } = JSON.parse(out.join("") || "{}") as { outcome?: string };
  return { code, outcome };
}

test("--if-changed, --compact and --compact-at decide between changes of shards and a new base", async () => {
  const name = "cut";
  const source = join(root, `${name}.jsonl`);
  const out = join(root, name);
  const config = { name, source, out, embedder: "none", jobs: 1, shards: 2 };
  await writeFile(join(root, `${name}.config.mjs`), `export default ${JSON.stringify(config)};`);
  const baseOf = async () =>
    (JSON.parse(await readFile(join(out, "manifest.json"), "utf8")) as Manifest).base;
  const published = { code: 0, outcome: "published" };

  await writeFile(source, rows(0));
  expect(await run(name, "--if-changed")).toMatchObject(published);
  expect(await baseOf()).toBeUndefined();
  await writeFile(source, rows(1, [7]));
  expect(await run(name, "--if-changed")).toMatchObject(published);
  expect(await baseOf()).toMatchObject({ added: 1, removed: 1 });
  expect(await run(name, "--if-changed")).toMatchObject({ code: 0, outcome: "unchanged" });

  // Seven of forty documents, added and removed, are more than a tenth and less than a half.
  const some = [1, 2, 3, 4, 5, 6];
  await writeFile(source, rows(2, some));
  expect(await run(name, "--if-changed", "--compact-at", "0.5")).toMatchObject(published);
  expect(await baseOf()).toMatchObject({ added: 7, removed: 7 });
  await writeFile(source, rows(3, some));
  expect(await run(name, "--if-changed")).toMatchObject(published);
  expect(await baseOf()).toBeUndefined();

  await writeFile(source, rows(4, [1]));
  expect(await run(name, "--if-changed", "--compact")).toMatchObject(published);
  expect(await baseOf()).toBeUndefined();
  expect((await run(name, "--if-changed", "--compact-at", "2")).code).toBe(2);
});
