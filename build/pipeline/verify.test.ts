import { execFile } from "node:child_process";
import { copyFile, cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { clusteredVectors } from "../../test/support/forest.ts";
import { versionOf } from "../artifact/version.ts";
import { build, inspect, openLocalIndex, query, verify } from "../index.ts";
import { createRandom } from "../numeric/random.ts";
import { judgeRecall } from "./verify.ts";

let folder: string;
let good: string;
let dir: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-verify-"));
  good = join(folder, "good");
  const random = createRandom(3);
  const documents = Array.from({ length: 400 }, (_, i) => ({
    id: `id-${i}`,
    pageContent: `document ${i}`,
    vector: Array.from({ length: 8 }, () => random() - 0.5),
  }));
  await build({ documents, out: good, name: "index", trees: 4, leaf: 8 });
});
beforeEach(async () => {
  dir = join(folder, "damaged");
  await rm(dir, { recursive: true, force: true });
  await cp(good, dir, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const failures = async () => (await verify(dir)).checks.filter(({ ok }) => !ok);

describe("a sound artifact", () => {
  test("passes every check, and its recall is measured against brute force", async () => {
    const { ok, checks, recall, version } = await verify(good);
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual(
      ["manifest", "files", "structure", "documents", "embedder", "recall"].map((name) => [name, true]),
    );
    expect(ok).toBe(true);
    expect(version).toMatch(/^[0-9a-f]{16}$/);
    expect(recall).toMatchObject({ k: 10, queries: 200 });
    expect(recall!.recall).toBeGreaterThan(0.9);
  });

  test("passes where the few held-out queries of a small index were all easy", async () => {
    const dimensions = 24;
    const vectors = clusteredVectors(500, dimensions, 20, 2, 17);
    const documents = Array.from({ length: 500 }, (_, i) => ({
      pageContent: `${i}`,
      vector: vectors.slice(i * dimensions, (i + 1) * dimensions),
    }));
    const forest = { metric: "euclidean", trees: 3, leaf: 16, jobs: 1 } as const;
    const { manifest } = await build({ documents, ...forest, keyword: false, out: dir });
    expect(manifest.certified).toMatchObject({ recallAt10: 1, queries: 6 });
    const { ok, recall } = await verify(dir);
    expect(recall!.recall).toBeLessThan(0.97);
    expect(ok).toBe(true);
  });

  test("inspect tells header, sections, forest, recall and who answers", async () => {
    const found = await inspect(good);
    expect(found).toMatchObject({
      name: "index",
      header: { metric: "angular", dimensions: 8, nItems: 400, nSlots: 400 },
      embedder: null,
    });
    const { header, sections, manifest } = found;
    expect(sections.map((s) => s.name)).toEqual(
      expect.arrayContaining(["meta", "ids", "idOrder", "vectors"]),
    );
    const end = Math.max(...sections.map((s) => s.offset + s.bytes));
    expect(end).toBe(header.fileBytes);
    expect(manifest.files["forest.bin"].bytes).toBe(header.fileBytes);
    expect(found.answeredBy).toBe(header.forestKind === "flat" ? "flat scan" : "forest");
  });
});

test("recall below the certified one by more than chance is refused", () => {
  const certified = { recallAt10: 0.96, queries: 500 };
  const measured = (recall: number) => ({ recall, k: 10, queries: 500, standardError: 0.004 });
  expect(judgeRecall(measured(0.93), certified)).toContain("0.9300 on 500 queries, certified 0.9600");
  expect(() => judgeRecall(measured(0.92), certified)).toThrow(
    expect.objectContaining({ code: "RECALL_TOO_LOW" }),
  );
});

describe("damage is named", () => {
  const forest = () => join(dir, "forest.bin");

  test.each([0, 7, 50, 200])("forest.bin cut to %i bytes", async (bytes) => {
    await truncate(forest(), bytes);
    const code = bytes < 8 ? "BAD_MAGIC" : "TRUNCATED";
    expect((await failures()).map((check) => check.code)).toContain(code);
    await expect(query(dir, { item: 0 })).rejects.toMatchObject({ name: "ArtifactError", code });
    const message = expect.stringMatching(/^.*forest\.bin: .* Rebuild /);
    await expect(inspect(dir)).rejects.toMatchObject({ name: "ArtifactError", code, message });
  });

  test.each([
    ["base", { version: "0123456789abcdef" }, "CORRUPT_META", "disagree on base"],
    ["keyword", undefined, "CORRUPT_META", "disagree on keyword"],
    ["certified", undefined, "NOT_AN_ARTIFACT", "lacks its certified recall"],
  ])("a manifest whose %s was edited", async (key, value, code, message) => {
    const path = join(dir, "manifest.json");
    const manifest = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...manifest, [key]: value }));
    expect(await failures()).toContainEqual(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test.each(["manifest.json", "forest.bin", "documents.jsonl"])(
    "a FIFO for %s, which never ends",
    async (name) => {
      await rm(join(dir, name));
      await promisify(execFile)("mkfifo", [join(dir, name)]);
      const message = expect.stringContaining(`${name} is no file`);
      expect(await failures()).toMatchObject([{ code: "NOT_AN_ARTIFACT", message }]);
    },
  );

  test("forest.bin one byte short", async () => {
    const { header } = await inspect(dir);
    await truncate(forest(), header.fileBytes - 1);
    expect((await failures()).map((check) => check.code)).toContain("TRUNCATED");
  });

  test("every single flipped bit that a checksum covers", async () => {
    const bytes = await readFile(join(good, "forest.bin"));
    const random = createRandom(9);
    const { sections } = await inspect(good);
    const covered = (at: number) =>
      at < 84 || sections.some((s) => at >= s.offset && at < s.offset + s.bytes);
    for (let round = 0; round < 200; round++) {
      const at = Math.floor(random() * bytes.length);
      if (!covered(at)) continue;
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << Math.floor(random() * 8);
      await writeFile(forest(), flipped);
      await expect(openLocalIndex(dir), `bit at byte ${at}`).rejects.toMatchObject({
        name: "ArtifactError",
        code: expect.stringMatching(/^(BAD_MAGIC|UNSUPPORTED_VERSION|CHECKSUM_MISMATCH)$/),
      });
    }
  });

  test("a foreign file in its place", async () => {
    await copyFile("package.json", forest());
    await expect(query(dir, { item: 0 })).rejects.toMatchObject({ code: "BAD_MAGIC" });
    expect((await failures()).map((check) => check.code)).toEqual(["CHECKSUM_MISMATCH", "BAD_MAGIC"]);
  });

  test("a changed document, also when the manifest was made to fit", async () => {
    const path = join(dir, "documents.jsonl");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace('"id":"id-7"', '"id":"id-X"'));
    expect(await failures()).toMatchObject([
      { name: "files" },
      { name: "documents", code: "CORRUPT_DOCUMENTS" },
    ]);
  });

  test("a document that is missing, out of order or not JSON", async () => {
    const path = join(dir, "documents.jsonl");
    const lines = (await readFile(path, "utf8")).split("\n");
    const messages = [];
    for (const damaged of [
      lines.toSpliced(5, 1),
      lines.with(5, lines[6]!).with(6, lines[5]!),
      lines.with(5, "{"),
      lines.slice(0, -5),
    ]) {
      await writeFile(path, damaged.join("\n"));
      messages.push((await failures()).find((check) => check.name === "documents")?.message);
    }
    expect(messages).toEqual([
      "Item 5 has no document. Rebuild the artifact.",
      "Item 5 has no document. Rebuild the artifact.",
      expect.stringContaining("line 6: it is not JSON"),
      "Item 396 has no document. Rebuild the artifact.",
    ]);
  });

  test("a manifest that is missing, foreign, or of another build", async () => {
    const path = join(dir, "manifest.json");
    const manifest = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...manifest, items: 7 }));
    expect(await failures()).toMatchObject([{ name: "structure", code: "CORRUPT_META" }]);
    await writeFile(path, JSON.stringify({ ...manifest, version: "0123456789abcdef" }));
    expect(await failures()).toMatchObject([{ name: "files", code: "CHECKSUM_MISMATCH" }]);
    for (const text of ["", "[]", "{}", '{"format":"annoy-edge","formatVersion":"2.0"}']) {
      await writeFile(path, text);
      expect(await failures()).toMatchObject([{ name: "manifest", code: "NOT_AN_ARTIFACT" }]);
      await expect(query(dir, { item: 0 })).rejects.toMatchObject({ code: "NOT_AN_ARTIFACT" });
    }
    await rm(path);
    expect(await failures()).toMatchObject([{ name: "manifest", code: "NOT_AN_ARTIFACT" }]);
    expect(await verify(join(folder, "nowhere"))).toMatchObject({ ok: false, version: null });
  });

  test("the version is what its documentation says", () => {
    const file = (sha256: string) => ({ bytes: 1, sha256 });
    // printf 'aa  documents.jsonl\nbb  forest.bin\n' | sha256sum | cut -c1-16
    expect(versionOf({ "forest.bin": file("bb"), "documents.jsonl": file("aa") })).toBe("8967b1b3fc1363ba");
  });
});
