import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type BuildResult, build } from "esbuild";
import { expect, test } from "vitest";

/** Bundles for browsers, where an import of anything of Node's would fail. */
async function bundle(entry: string): Promise<{ code: string; inputs: string[] }> {
  const result: BuildResult<{ metafile: true; write: false }> = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
  });
  return { code: result.outputFiles[0]!.text, inputs: Object.keys(result.metafile.inputs) };
}

test("the client goes into a browser with nothing but itself, in less than 2 kB", async () => {
  const { code, inputs } = await bundle("./index.ts");
  expect(inputs.filter((path) => !path.includes("worker/client/"))).toEqual([]);
  expect(gzipSync(code).length).toBeLessThan(2048);
});

test("its retriever goes into a browser with LangChain's core", async () => {
  const { inputs } = await bundle("./langchain.ts");
  expect(inputs.some((path) => path.includes("@langchain/core"))).toBe(true);
  expect(inputs.filter((path) => !/(?:worker\/client|node_modules)\//.test(path))).toEqual([]);
});
