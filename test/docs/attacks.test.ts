import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const security = readFileSync(new URL("SECURITY.md", root), "utf8");
const table = /## Attacks that were tried\n([\s\S]*?)(?:\n#|$)/.exec(security)![1]!;
const rows = table
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(1)
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, attack, , now = "", file = "", title = ""]) => ({
    attack,
    file: file.replaceAll("`", ""),
    title,
    asserted: [...now.matchAll(/`([^`]+)`/g)].map(([, word]) => word!),
  }));

/** Texts of the tests and describes of a file that have a title, with their tables. */
function testsWith(path: string, title: string): string[] {
  const text = readFileSync(new URL(path, root), "utf8");
  const places = [...text.matchAll(/(?<=[(\s])(["'`])((?:\\.|(?!\1).)*)\1,/g)].filter(
    ([, , own]) => own === title,
  );
  return places.map(({ index }) => {
    const [start] = [...text.slice(0, index).matchAll(/^( *)(?:test|it|describe)\b[.(<]/gm)].slice(-1);
    const end = text.slice(index).search(new RegExp(`^${start![1]}\\}?\\);$`, "m"));
    return text.slice(start!.index, index + end);
  });
}

test("the table of attacks has rows, none twice", () => {
  expect(rows.length).toBeGreaterThan(15);
  expect(new Set(rows.map(({ file, title }) => `${file} ${title}`)).size).toBe(rows.length);
});

test.each(rows)("$attack: the test runs, and asserts what the table says", ({ file, title, asserted }) => {
  const [found, ...more] = testsWith(file, title);
  expect(more).toEqual([]);
  expect(found).not.toMatch(/^ *\w+\.(skip|todo|fails|only)\b/);
  expect(found).toContain("expect(");
  expect(asserted.length).toBeGreaterThan(0);
  for (const word of asserted) expect(found).toContain(word);
});
