import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
// Inside the checkout, so that the page's imports of the package by its name are the checkout's own.
const program = join(ROOT, ".tsbuild", `langchain-page-${process.pid}.ts`);
afterAll(async () => {
  await rm(program, { force: true });
  for (const name of ["notebook", "notebook.ann", "notebook-imported"]) {
    await rm(join(ROOT, ".annoy-edge", name), { recursive: true, force: true });
  }
});

it("docs/langchain.md is a program that prints what it says", async () => {
  const page = await readFile(join(ROOT, "docs", "langchain.md"), "utf8");
  const blocks = (language: string) =>
    Array.from(page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms")), (match) => match[1]!);
  const code = blocks("ts");
  expect(code.length).toBeGreaterThan(8);
  await mkdir(join(ROOT, ".tsbuild"), { recursive: true });
  await mkdir(join(ROOT, ".annoy-edge"), { recursive: true });
  await writeFile(program, code.join("\n"));
  const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: ROOT });
  expect(stdout).toBe(blocks("text").join(""));
  // 16 s of CPU, on a machine that others share.
}, 240_000);
