import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { update } from "../changes/update.ts";
import { openLocalIndex } from "../local/local-index.ts";
import { downloadVersion } from "../publish/download.ts";
import { openLocalStore } from "../publish/local.ts";
import { withStore } from "../publish/store.ts";
import { build } from "./build.ts";
import { rollback, versions } from "./publishing.ts";
import { rebuild } from "./rebuild.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "annoy-edge-curated-"));
  await copyFile("wrangler.toml", join(root, "wrangler.toml"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const documents = () =>
  Array.from({ length: 30 }, (_, i) => ({
    id: `d${i}`,
    pageContent: `${i % 3 === 0 ? "refund" : "wheel"} number ${i}`,
    vector: [Math.cos(i), Math.sin(i)],
  }));

/** Rebuilds with a pin for "refund" that a golden query expects first. */
function run(pin: string, expected: string) {
  const golden = [{ query: "refund", mode: "keyword" as const, expect: expected, k: 1 }];
  const curation = { rules: [{ query: "refund", pin }] };
  const config = {
    name: "curated",
    documents,
    embedder: "none",
    out: join(root, "out"),
    curation,
    golden,
  } as const;
  return rebuild({ config, ifChanged: true, root });
}

const open = () => openLocalStore({ root });

async function firstHit(dir: string): Promise<string | undefined> {
  const index = await openLocalIndex(dir);
  try {
    return (await index.search({ query: "refund", mode: "keyword", k: 1 })).hits[0]?.id;
  } finally {
    await index.close();
  }
}

test("rules are asked by golden queries, published, and rolled back with the version", async () => {
  expect(await run("d1", "d1")).toMatchObject({ outcome: "published" });
  // A rule that hides what a golden query expects never reaches readers.
  await expect(run("d2", "d1")).rejects.toMatchObject({ code: "GATE_FAILED" });
  // The rules alone are other: a version of its own.
  expect(await run("d2", "d2")).toMatchObject({ outcome: "published" });
  await rollback(undefined, { root, name: "curated" });
  const dir = join(root, "current");
  const { versions: list } = await versions({ root, name: "curated" });
  const { version } = list.find(({ state }) => state === "current")!;
  await withStore(open, (store) => downloadVersion(store, "curated", version, dir));
  expect(await firstHit(dir)).toBe("d1");
});

test("changes on top of a base keep its rules, for documents that changed as well", async () => {
  const out = join(root, "changed");
  const curation = { rules: [{ query: "refund", pin: ["d2", "d4"], hide: "d3" }] };
  await build({ name: "curated", documents, embedder: "none", out, curation });
  const changed = { ...documents()[2]!, pageContent: "gone" };
  await update(out, { documents: [changed], remove: ["d4"], embedder: "none" });
  const index = await openLocalIndex(out);
  const { hits } = await index.search({ query: "refund", mode: "keyword", k: 20, include: ["document"] });
  await index.close();
  expect(hits[0]).toMatchObject({ id: "d2", document: { pageContent: "gone" } });
  expect(hits[1]?.id).toBe("d0");
  expect(hits.map(({ id }) => id)).not.toContain("d3");
});
