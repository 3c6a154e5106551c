import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/**
 * Every block of TypeScript in the docs compiles, as a module of a strict project that has this package. Those of
 * docs/langchain.md are one program, which langchain.test.ts runs.
 */
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
/** Inside the checkout, so that the package is found by its own name. */
const FOLDER = join(ROOT, ".tsbuild", "docs-blocks");

test.each(["nodenext", "bundler"])(
  "every block of TypeScript in the docs compiles for %s",
  async (resolution) => {
    const folder = join(FOLDER, resolution);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const pages = (await readdir(join(ROOT, "docs"))).filter(
      (file) => file.endsWith(".md") && file !== "langchain.md",
    );
    const files: string[] = [];
    for (const page of ["README.md", ...pages.map((file) => `docs/${file}`)]) {
      const text = await readFile(join(ROOT, page), "utf8");
      for (const match of text.matchAll(/^```(?:ts|typescript)\n([\s\S]*?)^```/gm)) {
        const line = text.slice(0, match.index).split("\n").length;
        const file = `${page.replaceAll(/\W/g, "-")}-line-${line}.ts`;
        await writeFile(join(folder, file), `${match[1]}\nexport {};\n`);
        files.push(file);
      }
    }
    expect(files.length).toBeGreaterThan(10);
    const compilerOptions = {
      target: "es2024",
      module: resolution === "bundler" ? "esnext" : "nodenext",
      moduleResolution: resolution,
      lib: ["es2024", "dom", "dom.iterable"],
      types: ["node"],
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      allowImportingTsExtensions: true,
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    const checked = await promisify(execFile)(process.execPath, [tsc, "-p", folder], { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
    // Of this checkout's own sources, tsc -b is the judge.
    const faults = checked.stdout
      .split("\n")
      .filter((line) => line.startsWith("README") || line.startsWith("docs-"));
    expect(faults).toEqual([]);
  },
);
