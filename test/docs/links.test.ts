import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import GithubSlugger from "github-slugger";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];

function read(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

/** Targets of a page's links within the repository, relative to its root. */
function targets(page: string): { readonly file: string; readonly anchor: string }[] {
  const text = read(page).replaceAll(/^```[\s\S]*?^```/gm, "");
  return Array.from(text.matchAll(/\]\((?!https?:)([^)\s#]*)(?:#([^)\s]*))?\)/g), ([, path, anchor]) => ({
    file: path === "" ? page : relative(ROOT, join(ROOT, dirname(page), path!)),
    anchor: anchor ?? "",
  }));
}

function anchors(page: string): Set<string> {
  const slugger = new GithubSlugger();
  const text = read(page).replaceAll(/^```[\s\S]*?^```/gm, "");
  return new Set(Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading]) => slugger.slug(heading!)));
}

test("every page of the docs is linked from README.md", () => {
  const linked = new Set(targets("README.md").map(({ file }) => file));
  expect(PAGES.filter((page) => page !== "README.md" && !linked.has(page))).toEqual([]);
});

test.each(PAGES)("links of %s lead to a file and a heading", (page) => {
  const dead = targets(page).filter(({ file, anchor }) => {
    if (!existsSync(join(ROOT, file))) return true;
    return anchor !== "" && file.endsWith(".md") && !anchors(file).has(anchor);
  });
  expect(dead).toEqual([]);
});

test("CONTRIBUTING.md names files and folders that exist", () => {
  const named = Array.from(
    read("CONTRIBUTING.md").matchAll(/`((?:worker|build|scripts|test|docs)\/[\w./-]+)`/g),
  );
  expect(named.length).toBeGreaterThan(60);
  expect(named.map(([, path]) => path!).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
