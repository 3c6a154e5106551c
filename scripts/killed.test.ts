import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyFolder, writeTiny } from "../test/support/tiny-encoder.ts";

/** Commands that SIGKILL ends in the middle of putting a file in its place, and that are run again. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-killed-"));
  const rows = [1, 2, 3].map((i) => JSON.stringify({ id: `new${i}`, vector: [i, 1], text: "new" }));
  writeFileSync(join(folder, "rows.jsonl"), rows.join("\n"));
  expect(await run(["build", "--source", "rows.jsonl", "--embedder", "none", "--out", "index"])).toBe(0);
  await writeTiny(join(folder, "model"), tinyFolder("bert"));
  mkdirSync(join(folder, "site"));
  writeFileSync(join(folder, "site", "index.html"), "<main><h1>Home</h1><p>Welcome home.</p></main>");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a command; one that `renamed` is given for dies when it would rename a path that ends so. Returns code or signal. */
function run(args: readonly string[], renamed?: string): Promise<unknown> {
  const hook = `import fs from "node:fs"; import { syncBuiltinESMExports } from "node:module";
    for (const [from, name] of [[fs, "renameSync"], [fs.promises, "rename"]]) {
      const rename = from[name];
      from[name] = (...paths) => {
        if (paths[1].endsWith(${JSON.stringify(renamed)})) process.kill(process.pid, "SIGKILL");
        return rename(...paths);
      };
    }
    syncBuiltinESMExports();`;
  const flags = renamed === undefined ? [] : ["--import", `data:text/javascript,${encodeURIComponent(hook)}`];
  return new Promise((done) => {
    execFile(
      process.execPath,
      [...flags, resolve("scripts/annoy-edge.js"), ...args],
      { cwd: folder },
      (error) => done(error ? (error.signal ?? error.code) : 0),
    );
  });
}

/** Names of what commands have not put in its place. */
const hidden = () =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /(^|\/)\./.test(name));

test.each([
  { command: "export annoy", out: "words.ann", renamed: "words.ann", again: ["export", "annoy", "index"] },
  {
    command: "encoder import",
    out: "encoder.bin",
    renamed: "encoder.bin",
    again: ["encoder", "import", "model"],
  },
])("$command leaves the file that was there, and nothing else once it is run again", async (given) => {
  const { out, renamed, again } = given;
  writeFileSync(join(folder, out), "what was there");
  expect(await run([...again, "--out", out], renamed)).toBe("SIGKILL");
  expect(readFileSync(join(folder, out), "utf8")).toBe("what was there");
  expect(hidden()).toHaveLength(1);
  expect(await run([...again, "--out", out])).toBe(0);
  expect(readFileSync(join(folder, out)).byteLength).toBeGreaterThan(20);
  expect(hidden()).toEqual([]);
});

test("build --llms leaves the texts for agents that were there", async () => {
  writeFileSync(join(folder, "site", "llms.txt"), "what was there");
  const args = ["build", "--site", "site", "--llms", "--embedder", "static", "--out", "pages"];
  expect(await run(args, "llms.txt")).toBe("SIGKILL");
  expect(readFileSync(join(folder, "site", "llms.txt"), "utf8")).toBe("what was there");
  expect(await run(args)).toBe(0);
  expect(readFileSync(join(folder, "site", "llms.txt"), "utf8")).toContain("# Home");
  expect(hidden()).toEqual([]);
});

test("export langchain never leaves an index beside the documents of another", async () => {
  const again = ["export", "langchain", "index", "--out", "chain"];
  mkdirSync(join(folder, "chain"));
  for (const file of ["index.annoy", "index.pkl"])
    writeFileSync(join(folder, "chain", file), "what was there");
  expect(await run(again, "chain/index.pkl")).toBe("SIGKILL");
  expect(readdirSync(join(folder, "chain"))).toEqual(["index.annoy"]);
  expect(await run(again)).toBe(0);
  expect(readFileSync(join(folder, "chain", "index.pkl"), "latin1")).toContain("new1");
  expect(hidden()).toEqual([]);
});
