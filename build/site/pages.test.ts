import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SourceFile } from "../sources/types.ts";
import { readPageFile } from "./page-file.ts";
import { type ReadPage, readPageFiles } from "./pages.ts";

let folder: string;
let files: SourceFile[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-pages-"));
  const names = Array.from({ length: 150 }, (_, i) => (i % 3 === 0 ? `${i}.md` : `${i}.html`));
  files = names.map((name) => ({ path: join(folder, name), source: name }));
  for (const [i, { path }] of files.entries()) {
    const filter = 'data-search-filter="__proto__:x, kind:guide"';
    await writeFile(
      path,
      path.endsWith(".md") ? `# Page ${i}` : `<main ${filter}><h1>Page ${i}</h1>Text</main>`,
    );
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function all(list: readonly SourceFile[]): Promise<ReadPage[]> {
  const pages: ReadPage[] = [];
  for await (const page of readPageFiles(list)) pages.push(page);
  return pages;
}

test("pages read on threads are those read one by one, in the order of their files", async () => {
  const pages = await all(files);
  const single = await Promise.all(files.map(readPageFile));
  expect(JSON.stringify(pages)).toBe(JSON.stringify(single));
  expect(pages.map((page) => "title" in page && page.title)).toEqual(files.map((_, i) => `Page ${i}`));
});

test("a file that cannot be read is named, on threads too", async () => {
  const missing = { path: join(folder, "missing.html"), source: "missing.html" };
  await expect(all([...files, missing])).rejects.toMatchObject({
    name: "SourceError",
    code: "UNREADABLE_SOURCE",
    message: expect.stringContaining("missing.html"),
  });
});

test("whoever stops early leaves no thread behind", async () => {
  for await (const page of readPageFiles(files)) {
    expect(page).toMatchObject({ title: "Page 0" });
    break;
  }
});
