import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const FOLDERS = ["worker", "build", "scripts", "test", "docs", "examples", "create-annoy-edge"];
const SKIPPED = new Set(["node_modules", "fixtures", "annoy-search.js", "writing.test.ts"]);

/** A doc comment opens with a verb or a noun. */
const OPENING = /\/\*\*\s*(?:\*\s*)?((?:What|Whose?|Whom|Of|Where|How|By|Which)\b[^\n]*)/g;
/** Phrases with a plainer word: "by default", "is documented", "separated by commas". */
const PHRASES = /^.*\b(?:unless told|apart by commas|(?:is|are|was|were|be) told\b(?! apart)).*$/gm;

const files = ["README.md", "CONTRIBUTING.md", ...FOLDERS.flatMap(filesBelow)];

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (SKIPPED.has(entry.name)) return [];
    if (entry.isDirectory()) return filesBelow(path);
    return /\.(?:ts|js|md)$/.test(path) && !path.endsWith(".d.ts") ? [path] : [];
  });
}

function found(pattern: RegExp, within: RegExp): string[] {
  return files
    .filter((file) => within.test(file))
    .flatMap((file) =>
      Array.from(readFileSync(join(ROOT, file), "utf8").matchAll(pattern), (match) =>
        `${file}: ${(match[1] ?? match[0]).trim()}`.slice(0, 160),
      ),
    );
}

test("doc comments open with a verb or a noun", () => {
  expect(files.length).toBeGreaterThan(700);
  expect(found(OPENING, /\.[tj]s$/)).toEqual([]);
});

test("sources and docs use the field's phrases", () => {
  expect(found(PHRASES, /^(?!test\/)[^.]*\.(?:ts|js|md)$/)).toEqual([]);
});
