import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { globSync } from "tinyglobby";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const operations = readFileSync(new URL("docs/operations.md", root), "utf8");
const tables = ["### The gate", "## When something fails"].map(
  (heading) => new RegExp(`${heading}\\n([\\s\\S]*?)\\n##`).exec(operations)![1]!,
);

/** Every code of the tables: what people see, and causes in the log; no variables of the Worker. */
const codes = tables
  .flatMap((table) => table.split("\n").filter((line) => line.startsWith("|")))
  .flatMap((row) => row.match(/\b[A-Z]+_[A-Z_]+\b/g) ?? [])
  .filter((code) => code !== "INDEX_NAME");

const assertions = globSync(["{worker,build,scripts,test}/**/*.test.ts"], {
  cwd: fileURLToPath(root),
  absolute: true,
})
  .filter((path) => !path.endsWith("remedies.test.ts"))
  // Statements that assert something, and the rows of `test.each`, which are one.
  .flatMap((path) => readFileSync(path, "utf8").split(/;\n/))
  .filter((statement) => /expect|refused\(|rejects/.test(statement));

test("the tables of checks and remedies name codes", () => {
  expect(codes.length).toBeGreaterThan(18);
  expect(new Set(codes).size).toBe(codes.length);
});

test("every code of these tables is asserted by a test", () => {
  expect(codes.filter((code) => !assertions.some((text) => text.includes(code)))).toEqual([]);
});
