import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { letters } from "../../test/seed/corpus.ts";
import { openLocalIndex } from "../local/local-index.ts";
import { build } from "../pipeline/build.ts";
import { update } from "./update.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-update-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const page = (id: string) => ({ id, pageContent: `the page ${id}` });

describe("an update that another one overtakes is refused, so that the other's documents stay", () => {
  const folderOf = async (name: string) => {
    const dir = join(folder, name);
    await build({ embedder: letters, documents: [page("one"), page("two")], out: dir });
    return dir;
  };
  const overtake = (dir: string) => update(dir, { embedder: letters, documents: [page("early")] });
  const refused = { code: "ARTIFACT_CHANGED" };
  const earlyIsThere = async (dir: string) =>
    expect(await overtake(dir)).toMatchObject({ outcome: "unchanged", counts: { unchanged: 1 } });

  test("while documents are read", async () => {
    const dir = await folderOf("read");
    async function* documents() {
      await overtake(dir);
      yield page("late");
    }
    const late = update(dir, { embedder: letters, documents: documents() });
    await expect(late).rejects.toMatchObject(refused);
    await earlyIsThere(dir);
  });

  test("while texts are embedded", async () => {
    const dir = await folderOf("embedded");
    const slow = {
      embedQuery: letters.embedQuery,
      async embedDocuments(texts: string[]) {
        await overtake(dir);
        return letters.embedDocuments(texts);
      },
    };
    const late = update(dir, { embedder: slow, documents: [page("late")] });
    await expect(late).rejects.toMatchObject(refused);
    await earlyIsThere(dir);
  });
});

describe("an update whose folder", () => {
  const documents = [page("one"), page("two")];
  const made = async (name: string, changes = true) => {
    const dir = join(folder, name);
    await build({ embedder: letters, documents, out: dir });
    if (changes) await update(dir, { embedder: letters, documents: [page("three")] });
    return dir;
  };

  test.each([true, false])("changes nothing writes it all the same (with changes: %s)", async (changes) => {
    const dir = await made(`same-${changes}`, changes);
    const out = `${dir}-out`;
    const result = await update(dir, { embedder: letters, documents: [page("one")], out });
    expect(result).toMatchObject({ outcome: "unchanged", out });
    const index = await openLocalIndex(out, { embedder: letters });
    const { hits } = await index.search({ id: changes ? "three" : "two", k: 9 });
    await index.close();
    expect(hits).toHaveLength(changes ? 3 : 2);
    const next = await update(out, { embedder: letters, documents: [page("four")] });
    expect(next).toMatchObject({ outcome: "updated", counts: { added: 1 } });
  });

  test.each(["documents.jsonl", "manifest.json", "base/documents.jsonl", "base/manifest.json"])(
    "has a flipped byte in %s is refused",
    async (file) => {
      const dir = await made(`flipped-${file.replace("/", "-")}`);
      const path = join(dir, file);
      const text = await readFile(path, "utf8");
      // A letter of a document, a digit of a hash.
      const at = file.endsWith("manifest.json") ? text.indexOf('"sha256"') + 12 : text.indexOf("page");
      const other = text[at] === "a" ? "b" : "a";
      await writeFile(path, text.slice(0, at) + other + text.slice(at + 1));
      const late = update(dir, { embedder: letters, documents: [page("four")] });
      await expect(late).rejects.toMatchObject({ code: "ARTIFACT_CHANGED" });
    },
  );

  test("lacks the manifest of its base is refused with advice for the whole", async () => {
    const dir = await made("headless");
    await rm(join(dir, "base", "manifest.json"));
    const late = update(dir, { embedder: letters, documents: [page("four")] });
    const message = expect.stringContaining("Build the index anew");
    await expect(late).rejects.toMatchObject({ code: "NOT_AN_ARTIFACT", message });
  });
});

test("cells of CSV are read as the build read them", async () => {
  const dir = join(folder, "csv");
  const csv = async (id: string) => {
    const file = join(folder, `${id}.csv`);
    await writeFile(file, `id,text,code\n${id},the row ${id},007\n${id}-2,another row,12\n`);
    return file;
  };
  await build({ embedder: letters, source: await csv("a"), csvTypes: "strings", out: dir });
  await update(dir, { embedder: letters, source: await csv("b") });
  const index = await openLocalIndex(dir, { embedder: letters });
  expect((await index.search({ id: "b-2", k: 1 })).hits[0]?.document?.metadata.code).toBe("12");
  await index.close();
});

test("removes what ids name and what files of ids name; the id of a document is no file", async () => {
  const dir = join(folder, "removed");
  const file = (name: string) => join(folder, name);
  const ids = ["one", "two\nlines", file("page.md"), "four", "five"];
  await build({ embedder: letters, documents: ids.map(page), out: dir });
  await writeFile(file("gone.txt"), `one\r\n\n${JSON.stringify("two\nlines")}\n`);
  await writeFile(file("page.md"), "four\n");
  const { counts } = await update(dir, { remove: [file("gone.txt"), file("page.md")] });
  expect(counts).toMatchObject({ removed: 3 });
  const index = await openLocalIndex(dir, { embedder: letters });
  const { hits } = await index.search({ id: "four", k: 9 });
  await index.close();
  expect(hits.map(({ id }) => id)).toEqual(expect.arrayContaining(["four", "five"]));
  const unknown = update(dir, { remove: [folder] });
  await expect(unknown).rejects.toMatchObject({ code: "ID_NOT_FOUND" });
});

test("an embedder that cannot be, or is not the build's, is refused where the index brings its own", async () => {
  const dir = join(folder, "static");
  await build({ embedder: "static", documents: [page("one"), page("two")], out: dir });
  const documents = [page("three")];
  await expect(update(dir, { embedder: "bogus", documents })).rejects.toMatchObject({ code: "BAD_OPTION" });
  const other = update(dir, { embedder: "openai:text-embedding-3-small", documents });
  await expect(other).rejects.toMatchObject({ code: "EMBEDDER_MISMATCH" });
  await expect(update(dir, { embedder: "none", documents })).rejects.toMatchObject({
    code: "EMBEDDER_MISMATCH",
  });
  expect(await update(dir, { embedder: "static", documents })).toMatchObject({ counts: { added: 1 } });
});

describe("a process that was killed while it put its folder in place", () => {
  // The number of a process that has ended.
  const { pid } = spawnSync(process.execPath, ["--version"]);
  const left = (dir: string, kind: string) => join(dirname(dir), `.${basename(dir)}.${kind}-${pid}-0a1b2c`);
  const documents = [page("one"), page("two")];

  test("leaves the folder that it had moved away to the next command", async () => {
    const dir = join(folder, "moved");
    const { manifest } = await build({ embedder: letters, documents, out: dir });
    await writeFile(join(dir, "notes.txt"), "mine");
    await rename(dir, left(dir, "replaced"));
    await mkdir(left(dir, "partial"));
    const index = await openLocalIndex(dir, { embedder: letters });
    expect(index.manifest.version).toBe(manifest.version);
    await index.close();
    await update(dir, { embedder: letters, documents: [page("three")] });
    expect(await readFile(join(dir, "notes.txt"), "utf8")).toBe("mine");
    expect(await readdir(folder)).not.toContain(basename(left(dir, "partial")));
  });

  test("leaves what it had replaced to be removed, and files that are not ours to be kept", async () => {
    const dir = join(folder, "replaced");
    for (const out of [dir, left(dir, "replaced")]) await build({ embedder: letters, documents, out });
    await writeFile(join(left(dir, "replaced"), "notes.txt"), "mine");
    await update(dir, { embedder: letters, documents: [page("three")] });
    expect(await readFile(join(dir, "notes.txt"), "utf8")).toBe("mine");
    expect(await readdir(folder)).not.toContain(basename(left(dir, "replaced")));
  });
});
