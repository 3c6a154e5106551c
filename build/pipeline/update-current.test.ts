import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeWranglerToml } from "../../test/support/wrangler-toml.ts";
import { readManifest } from "../artifact/folder.ts";
import { rebuild } from "./rebuild.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "annoy-edge-current-"));
  await writeWranglerToml(root);
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Documents with vectors; those of the edition differ. */
function documentsOf(edition: number, changed: (i: number) => boolean) {
  return Array.from({ length: 60 }, (_, i) => {
    const own = changed(i) ? edition : 0;
    return {
      id: `d${i}`,
      pageContent: `text ${i} of edition ${own}`,
      vector: Array.from({ length: 8 }, (_, j) => Math.sin((i + own / 7) * (j + 1))),
    };
  });
}

test("a rebuild puts few changes on top of the base, and builds many into a new one", async () => {
  const out = join(root, "artifacts", "here");
  const run = (documents: ReturnType<typeof documentsOf>, more = {}, folder = out) =>
    rebuild({
      config: { documents: () => documents, name: "here", embedder: "none", out: folder },
      ifChanged: true,
      root,
      ...more,
    });
  const first = await run(documentsOf(0, () => false));
  expect(first).toMatchObject({ outcome: "published" });
  const base = (await readManifest(out)).version;

  const few = documentsOf(1, (i) => i === 7);
  expect(await run(few)).toMatchObject({
    outcome: "published",
    published: { documents: { added: 1, kept: 59, removed: 1 } },
  });
  const changed = await readManifest(out);
  expect(changed.base).toMatchObject({ version: base, added: 1, removed: 1 });
  expect(await run(few)).toMatchObject({ outcome: "unchanged", version: changed.version });

  // A machine that has no folder reads the current version from R2 and KV.
  const elsewhere = join(root, "artifacts", "elsewhere");
  const less = documentsOf(2, (i) => i === 7 || i === 9).slice(0, 59);
  expect(await run(less, {}, elsewhere)).toMatchObject({ outcome: "published" });
  expect((await readManifest(elsewhere)).base).toMatchObject({ version: base, added: 2, removed: 3 });

  const many = documentsOf(3, (i) => i % 3 === 0);
  expect(await run(many)).toMatchObject({ outcome: "published" });
  expect((await readManifest(out)).base).toBeUndefined();

  // A third is no reason where more is allowed, and a single one is where a new base is asked for.
  const third = documentsOf(4, (i) => i % 3 === 0);
  expect(await run(third, { compactAt: 0.9 })).toMatchObject({ outcome: "published" });
  expect((await readManifest(out)).base).toMatchObject({ added: 20, removed: 20 });
  expect(await run(third, { compact: true })).toMatchObject({ outcome: "published" });
  expect((await readManifest(out)).base).toBeUndefined();
  await expect(run(few, { compactAt: 2 })).rejects.toMatchObject({ code: "BAD_OPTION" });
});
