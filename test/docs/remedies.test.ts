import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { globSync } from "tinyglobby";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const operations = readFileSync(new URL("docs/operations.md", root), "utf8");
const table = /## When something fails\n([\s\S]*?)\n##/.exec(operations)![1]!;

/** Every code of the first column, which is what people see. */
const codes = table
  .split("\n")
  .slice(3)
  .flatMap((row) => row.split("|")[1]?.match(/\b[A-Z]+_[A-Z_]+\b/g) ?? []);

const assertions = globSync(["{worker,build,scripts,test}/**/*.test.ts"], {
  cwd: fileURLToPath(root),
  absolute: true,
})
  .filter((path) => !path.endsWith("remedies.test.ts"))
  // Statements that assert something, and the rows of `test.each`, which are one.
  .flatMap((path) => readFileSync(path, "utf8").split(/;\n/))
  .filter((statement) => /expect|refused\(|rejects/.test(statement));

test("the table of remedies names codes", () => {
  expect(codes.length).toBeGreaterThan(20);
  expect(new Set(codes).size).toBe(codes.length);
});

test("every code of the table of remedies is asserted by a test", () => {
  expect(codes.filter((code) => !assertions.some((text) => text.includes(code)))).toEqual([]);
});
