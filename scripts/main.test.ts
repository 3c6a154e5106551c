import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { execute } from "./cli/run.ts";
import { createProgram } from "./program.ts";

/**
 * The command line. `run` starts the real bin in a process of its own; `runHere` goes through the same `execute` within
 * this one, which is quicker by a hundred times.
 */
const BIN = "scripts/annoy-edge.js";
let folder: string;
let artifact: string;

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(args: string[], node = process.execPath): Promise<Run> {
  return new Promise((done) => {
    execFile(node, [BIN, ...args], { env: { ...process.env, DEBUG: "" } }, (error, out, err) => {
      const code = error ? Number(error.code) : 0;
      done({ code, out, err });
    });
  });
}

async function runHere(args: readonly string[]): Promise<Run> {
  let out = "";
  let err = "";
  const write = (take: (text: string) => void) => ({ write: take });
  const code = await execute(createProgram(), args, {
    out: write((text) => {
      out += text;
    }),
    err: write((text) => {
      err += text;
    }),
  });
  return { code, out, err };
}

/** Runs with `--json` and asserts that stdout is one JSON object and nothing else. */
async function runJson(
  args: readonly string[],
  how: (args: string[]) => Promise<Run> = run,
): Promise<Run & { json: Record<string, unknown> }> {
  const result = await how([...args, "--json"]);
  expect(result.out).toMatch(/^\{.*\}\n$/);
  return { ...result, json: JSON.parse(result.out) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-cli-"));
  artifact = join(folder, "artifact");
  const rows = ["pizza is great", "I love salad", "my car", "a dog"].map((text, i) => ({
    id: `t${i}`,
    text,
  }));
  await writeFile(join(folder, "texts.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const built = await run([
    "build",
    "--source",
    join(folder, "texts.jsonl"),
    "--out",
    artifact,
    "--name",
    "food",
  ]);
  expect(built).toMatchObject({ code: 0, err: "" });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("commands", () => {
  test("build prints what was built, and its JSON is the manifest", async () => {
    const out = join(folder, "again");
    const { json } = await runJson([
      "build",
      "--source",
      join(folder, "texts.jsonl"),
      "--out",
      out,
      "--name",
      "food",
    ]);
    const manifest = JSON.parse(await readFile(join(out, "manifest.json"), "utf8"));
    expect(json).toEqual({ out, manifest });
    const first = JSON.parse(await readFile(join(artifact, "manifest.json"), "utf8"));
    expect(manifest.version).toBe(first.version);
  });

  test("query shows what stands in documents without steering the terminal, and as it is in JSON", async () => {
    const source = join(folder, "hostile.jsonl");
    const document = { id: "a\u001b[31mred\n1. b", text: "evil \u001b]0;title\u0007 words" };
    await writeFile(source, JSON.stringify(document));
    const out = join(folder, "hostile");
    expect((await runHere(["build", "--source", source, "--out", out, "--embedder", "static"])).code).toBe(0);
    const shown = await runHere(["query", out, "evil"]);
    expect(shown.out).toContain("a\ufffd[31mred\ufffd1. b");
    expect(shown.out.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    expect((await runHere(["query", out, "evi", "--suggest"])).out).toContain("(1 document)");
    const refused = await runHere(["query", out, "evi", "--suggest", "--search-k", "5"]);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("not --search-k") });
    const filter = '{"n": {"gte": 9007199254740993}}';
    const exact = await runHere(["query", out, "evil", "--filter", filter]);
    expect(exact.err).not.toContain("9007199254740992");
    const { json } = await runJson(["query", out, "evil"], runHere);
    expect(json).toMatchObject({ hits: [{ id: document.id, document: { pageContent: document.text } }] });
  });

  test("build takes the name of its index from the environment that is named", async () => {
    const sources = ["--source", join(folder, "none.jsonl"), "--out", join(folder, "none")];
    const { code, err } = await runHere(["build", ...sources, "--env", "nowhere"]);
    expect(code).toBe(1);
    expect(err).toContain("nowhere");
  });

  test("build warns when no setting reaches the target recall, and the manifest says so", async () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({
      text: `row ${i}`,
      vector: Array.from({ length: 24 }, (_, j) => (Math.sin(i * 12.9898 + j * 78.233) * 43_758.5453) % 1),
    }));
    const source = join(folder, "vectors.jsonl");
    await writeFile(source, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const to = (name: string) => ["build", "--source", source, "--out", join(folder, name)];
    const coarse = ["--codec", "int4", "--rescore", "none", "--target-recall", "1"];
    const short = await runHere([...to("coarse"), ...coarse]);
    expect(short.code).toBe(0);
    expect(short.err).toMatch(
      /Warning: recall@10 is 0\.\d+, and no searchK reaches the target of 1 with int4\./,
    );
    expect(short.out).toContain("BELOW the target");
    const { json } = await runJson([...to("coarse"), ...coarse], runHere);
    expect(json).toMatchObject({ manifest: { certified: { met: false } } });
    const exact = await runHere([...to("exact"), "--codec", "float32", "--target-recall", "1"]);
    expect(exact.err).not.toContain("Warning");
    expect(exact.out).not.toContain("BELOW");
  });

  test("query browses, sorts, groups and counts; build and inspect say by which fields", async () => {
    const rows = [
      { text: "a lamp", kind: "light", price: 20 },
      { text: "a torch", kind: "light", price: 5 },
      { text: "a chair", kind: "seat", price: 12.5 },
    ];
    const source = join(folder, "shop.jsonl");
    await writeFile(source, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const out = join(folder, "shop");
    const built = await runHere(["build", "--source", source, "--out", out]);
    expect(built.out).toMatch(/filterable +kind \(string\), price \(number\)/);
    expect((await runHere(["inspect", out])).out).toMatch(/filterable +kind \(string\), price \(number\)/);
    const cheap = await runHere(["query", out, "--sort", "price", "--total", "-k", "2"]);
    expect(cheap.out).toMatch(
      /item 1 {2}5 {2}score 1.000\n.*a torch\n.*item 2 {2}12\.5 {2}score 1.000\n.*a chair\n3 documents\.\n/,
    );
    const grouped = await runHere([
      ...["query", out, "--filter", "{}", "--sort", "price:desc"],
      ...["--group-by", "kind", "--group-hits", "2", "--total"],
    ]);
    expect(grouped.out).toMatch(
      /^light:\n 1\. .*20.*\n.*\n 2\. .*5.*\n.*\nseat:\n 3\. .*\n.*\n3 documents in 2 groups\./,
    );
    expect((await runHere(["query", out])).err).toContain("Or browse, by filter, sort, groupBy or facets.");
    expect((await runHere(["query", out, "--group-hits", "2"])).err).toContain("--group-by");
  });

  test("query answers text, item, id and vector", async () => {
    const text = await runJson(["query", artifact, "motorbike", "-k", "1"]);
    expect(text.json).toMatchObject({
      index: "food",
      hits: [{ id: "t2", document: { pageContent: "my car" } }],
    });
    const item = await runJson(["query", artifact, "--item", "3", "-k", "1", "--include", "vector"]);
    expect(item.json).toMatchObject({ hits: [{ id: "t3", distance: 0 }] });
    const { vector } = (item.json.hits as { vector: number[] }[])[0]!;
    const byVector = await runJson(["query", artifact, "--vector", JSON.stringify(vector), "-k", "1"]);
    expect(byVector.json).toMatchObject({ hits: [{ id: "t3" }] });
    const id = await runJson(["query", artifact, "--id", "t0", "--k", "1", "--search-k", "100"]);
    expect(id.json).toMatchObject({ hits: [{ item: 0 }] });
    const plain = await run(["query", artifact, "food", "-k", "2"]);
    expect(plain.out).toContain("pizza is great");
  });

  test("inspect and verify tell people and programs the same", async () => {
    const { json } = await runJson(["inspect", artifact]);
    expect(json).toMatchObject({ name: "food", header: { dimensions: 384, nItems: 4 } });
    expect((await run(["inspect", artifact])).out).toMatch(/version\s+[0-9a-f]{16}/);
    expect((await runJson(["verify", artifact])).json).toMatchObject({ ok: true });
    expect((await run(["verify", artifact])).out).toContain("is sound");
  });

  test("an index is cut into shards, in one build or in jobs that assemble joins, and inspect tells of them", async () => {
    const source = join(folder, "cut.jsonl");
    const rows = Array.from({ length: 60 }, (_, i) => ({ id: `v${i}`, text: "", vector: [i % 7, i % 5, 1] }));
    await writeFile(source, rows.map((row) => JSON.stringify(row)).join("\n"));
    const settings = ["--source", source, "--shards", "2", "--metric", "euclidean"];
    const whole = await runHere(["build", ...settings, "--out", join(folder, "cut")]);
    expect(whole.out).toMatch(/shards +2, of which a query asks [12]\.\d\d/);
    const parts = ["0", "1"].map((shard) => join(folder, `part-${shard}`));
    for (const [shard, part] of parts.entries())
      await runHere(["build", ...settings, "--only-shard", String(shard), "--out", part]);
    const joined = await runJson(["assemble", ...parts, "--out", join(folder, "joined")], runHere);
    const built = JSON.parse(await readFile(join(folder, "cut", "manifest.json"), "utf8"));
    expect(joined.json).toEqual({ out: join(folder, "joined"), manifest: built });
    const { out } = await runHere(["inspect", join(folder, "cut")]);
    expect(out).toMatch(/shards +2, partition clusters/);
    expect(out).toMatch(/Measured recall of all shards together[\s\S]*probes[\s\S]*Shards\n +shard +version/);
    expect((await runHere(["verify", join(folder, "joined")])).code).toBe(0);
    const none = await runJson(["assemble", join(folder, "nothing"), "--out", join(folder, "no")], runHere);
    expect(none).toMatchObject({ code: 1, json: { error: { code: "NOT_AN_ARTIFACT" } } });
  });

  test("an Annoy file comes in, answers, and goes out as it came; so does a folder for LangChain", async () => {
    const ann = "test/fixtures/annoy/angular/small.ann";
    const [dir, again] = [join(folder, "annoy"), join(folder, "again.ann")];
    const shape = ["--dimensions", "32", "--metric", "angular"];
    const imported = await runHere(["import", "annoy", ann, ...shape, "--out", dir, "--json"]);
    expect(JSON.parse(imported.out)).toMatchObject({ out: dir, manifest: { items: 20, dimensions: 32 } });
    const answer = JSON.parse((await runHere(["query", dir, "--item", "3", "--json"])).out);
    expect(answer.hits[0]).toMatchObject({ item: 3, distance: 0 });
    await runHere(["export", "annoy", dir, "--out", again]);
    expect(await readFile(again)).toEqual(await readFile(ann));

    const [python, back] = [join(folder, "python"), join(folder, "back")];
    expect((await runHere(["export", "langchain", artifact, "--out", python])).code).toBe(0);
    expect((await runHere(["import", "langchain", python, "--out", back])).code).toBe(0);
    const { out } = await runHere(["query", back, "--id", "t0", "-k", "1", "--json"]);
    expect(JSON.parse(out).hits[0].document.pageContent).toBe("pizza is great");
  });

  test("evaluate and plan print figures", async () => {
    const queries = join(folder, "judged.jsonl");
    await writeFile(queries, `${JSON.stringify({ query: "motorbike", relevant: "t2" })}\n`);
    const evaluated = await runHere(["evaluate", artifact, "--queries", queries]);
    expect(evaluated.out).toMatch(/vector +1\.0000 +1\.0000 +1\.0000/);
    const planned = await runHere(["plan", "--items", "100000", "--dimensions", "384"]);
    expect(planned.out).toContain("one isolate, whole");
  });

  test("verify of a damaged artifact exits with 1 and the reason", async () => {
    const damaged = join(folder, "damaged");
    await run(["build", "--source", join(folder, "texts.jsonl"), "--out", damaged]);
    await writeFile(join(damaged, "documents.jsonl"), "");
    const { code, json } = await runJson(["verify", damaged]);
    expect(code).toBe(1);
    expect(json).toMatchObject({ ok: false });
    expect((await run(["verify", damaged])).out).toContain("FAILED");
  });
});

describe("exit codes and errors", () => {
  test.each([
    [[], "no command given"],
    [["frobnicate"], "unknown command"],
    [["build"], "source is missing"],
    [["build", "--source", "x"], "out is missing"],
    [["build", "--source", "x", "--out", "y", "--trees", "many"], "whole number"],
    [["build", "--source", "x", "--out", "y", "--metric", "cosine"], "angular"],
    [["build", "--source", "x", "--out", "y", "--target-recall", "2"], "targetRecall"],
    [["build", "--source", "x", "--out", "y", "--max-bytes", "large"], "45MB"],
    [["build", "--source", "x", "--out", "y", "--name", "a/b"], "name"],
    [["build", "--source", "x", "--out", "y", "--wings"], "unknown option"],
    [["query"], "missing required argument"],
    [["query", "dir", "text", "more"], "too many arguments"],
    [["query", "dir", "--vector", "[1,"], "JSON"],
  ])("%j is not understood: exit 2", async (args, message) => {
    const plain = await runHere(args);
    expect(plain).toMatchObject({ code: 2, out: "" });
    expect(plain.err).toContain(message);
    const { code, json } = await runJson(args, runHere);
    expect(code).toBe(2);
    expect(json).toEqual({
      error: { code: expect.stringMatching(/^[A-Z_]+$/), message: expect.stringContaining(message) },
    });
  });

  test.each([
    [["build", "--source", "no-such-file.txt", "--out", "never"], "SOURCE_NOT_FOUND"],
    [["inspect", "no-such-dir"], "NOT_AN_ARTIFACT"],
    [["query", "worker", "text"], "NOT_AN_ARTIFACT"],
    [["build", "--source", "README.md", "--out", "worker"], "OUT_NOT_ARTIFACT"],
  ])("%j fails: exit 1 and one sentence without a stack", async (args, code) => {
    const plain = await runHere(args);
    expect(plain).toMatchObject({ code: 1, out: "" });
    expect(plain.err).toMatch(new RegExp(`^annoy-edge: .+ \\(${code}\\)\\n$`));
    const { code: exit, json } = await runJson(args, runHere);
    expect(exit).toBe(1);
    expect(json).toMatchObject({ error: { code } });
  });

  test("paths that lead through a file or are too long are named by a code of our own", async () => {
    const long = "x".repeat(300);
    for (const [args, code] of [
      [["inspect", "README.md/x"], "NOT_AN_ARTIFACT"],
      [["build", "--source", "README.md", "--out", long], "OUT_UNWRITABLE"],
      [["export", "annoy", artifact, "--out", "README.md/x"], "CANNOT_WRITE"],
      [["export", "langchain", artifact, "--out", "README.md/x"], "OUT_UNWRITABLE"],
      [["export", "langchain", artifact, "--out", long], "OUT_UNWRITABLE"],
    ] as const) {
      expect(await runJson(args, runHere)).toMatchObject({ code: 1, json: { error: { code } } });
    }
  });

  test.each([
    [["query", "x", "text", "--mode", "magic"], "INVALID_VALUE"],
    [["query", "x", "text", "-k", "1001"], "OUT_OF_RANGE"],
    [["query", "x", "text", "--item", "3"], "AMBIGUOUS_QUERY"],
    [["query", "x"], "NO_QUERY"],
    [["query", "x", "text", "--group-hits", "3"], "BAD_OPTION"],
  ])("%j asks wrongly whatever the index: exit 2", async (args, code) => {
    expect(await runJson(args, runHere)).toMatchObject({ code: 2, json: { error: { code } } });
  });

  test("an option that this index can never take is a matter of usage as well", async () => {
    const to = ["export", "annoy", artifact, "--out", join(folder, "never.ann")];
    for (const [option, value, code] of [
      ["--layout", "hamming", "UNKNOWN_LAYOUT"],
      ["--trees", "0", "BAD_TREE_COUNT"],
      ["--out", "", "BAD_OPTION"],
    ] as const) {
      expect(await runJson([...to, option, value], runHere)).toMatchObject({
        code: 2,
        json: { error: { code } },
      });
    }
  });

  test("a search that this index can never answer is a matter of usage, one that finds no document is not", async () => {
    const priced = join(folder, "priced");
    const rows = [1, 2].map((n) => ({ text: `lamp ${n}`, metadata: { price: n, tags: ["a", `${n}`] } }));
    await writeFile(join(folder, "priced.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const filterable = ["--filterable", "price", "tags"];
    await runHere(["build", "--source", join(folder, "priced.jsonl"), "--out", priced, ...filterable]);
    for (const [code, error, ...options] of [
      [2, "UNKNOWN_FILTER_FIELD", "--group-by", "colour"],
      [2, "UNKNOWN_FILTER_FIELD", "--sort", "colour"],
      [2, "UNKNOWN_FILTER_FIELD", "--facets", "colour"],
      [2, "INVALID_VALUE", "--group-by", "tags"],
      [2, "INVALID_FILTER", "--filter", "[1]"],
      [2, "FILTER_TYPE_MISMATCH", "--filter", '{"price": "cheap"}'],
      [2, "DIMENSION_MISMATCH", "--vector", "[1]"],
      [1, "ITEM_NOT_FOUND", "--item", "999999"],
    ] as const) {
      const answer = await runJson(["query", priced, ...options], runHere);
      expect(answer).toMatchObject({ code, json: { error: { code: error } } });
    }
  });

  test("an empty folder of the local state is refused: it would be the working directory", async () => {
    for (const option of ["--root", "--persist-to"]) {
      expect(await runJson(["versions", option, ""], runHere)).toMatchObject({
        code: 2,
        json: { error: { code: "BAD_OPTION" } },
      });
    }
  });

  test("what is not understood points to the help of its own command", async () => {
    expect((await runHere(["import", "annoy", "x.ann", "--out", "y"])).err).toContain(
      "See annoy-edge import annoy --help.",
    );
    expect((await runHere(["frobnicate"])).err).toContain("See annoy-edge --help.");
    const { err } = await runHere(["inspect", "dir", "--jsn"]);
    expect(err.split("\n")).toEqual([
      "annoy-edge: unknown option '--jsn' (Did you mean --json?). (USAGE)",
      "See annoy-edge inspect --help.",
      "",
    ]);
  });

  test("the process exits with the code that execute gives, and prints JSON alone", async () => {
    expect((await runJson(["build"])).code).toBe(2);
    expect((await runJson(["inspect", "no-such-dir"])).code).toBe(1);
    expect(await run(["frobnicate"])).toMatchObject({ code: 2, out: "" });
  });

  test("help of the program and of every command goes to stdout with an example", async () => {
    const { code, out } = await runHere(["--help"]);
    expect(code).toBe(0);
    const commands = [...out.matchAll(/^ {2}([a-z]+)[ \n]/gm)].map((match) => match[1]!);
    expect(commands).toEqual(expect.arrayContaining(["build", "inspect", "verify", "query"]));
    for (const command of commands) {
      const help = await runHere([command, "--help"]);
      expect(help, command).toMatchObject({ code: 0, err: "" });
      expect(help.out, command).toMatch(/Examples?:|Commands:/);
    }
  });
});

describe("processes", () => {
  test("a build that is interrupted leaves nothing half-written", async () => {
    const parent = await mkdtemp(join(folder, "interrupted-"));
    const source = join(parent, "long.jsonl");
    const row = `${JSON.stringify({ text: "a long story that never ends" })}\n`;
    await writeFile(source, row.repeat(300_000));
    const child = spawn(process.execPath, [BIN, "build", "--source", source, "--out", join(parent, "out")]);
    const partial = await until(async () => (await readdir(parent)).find((name) => name.includes("partial")));
    expect(partial).toBeDefined();
    child.kill("SIGINT");
    const code = await new Promise((done) => child.on("exit", done));
    expect(code).toBe(130);
    expect(await readdir(parent)).toEqual(["long.jsonl"]);
  });

  const old = olderNode();
  test.skipIf(!old)(
    "an older Node hands over to the one that the project brings (skipped where there is none)",
    async () => {
      expect(await run(["--version"], old)).toEqual(await run(["--version"]));
      expect((await run(["query"], old)).code).toBe(2);
    },
  );
});

async function until<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  for (let i = 0; i < 200; i++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((done) => setTimeout(done, 25));
  }
  return undefined;
}

/** A Node on the path that is too old to run TypeScript. */
function olderNode(): string | undefined {
  for (const dir of (process.env.PATH ?? "").split(delimiter)) {
    try {
      const path = join(dir, "node");
      const version = execFileSync(path, ["-p", "process.versions.node"], { encoding: "utf8" });
      if (Number(version.split(".")[0]) < 22) return path;
    } catch {
      // No node in that folder.
    }
  }
  return undefined;
}

test.each([
  ["ends the process", "process.exit(0);"],
  ["waits for what never comes", "await new Promise(() => {});"],
])("a configuration that %s is a failure", async (_, text) => {
  const config = join(folder, "stopping.config.ts");
  await writeFile(config, `${text}\nexport default {};\n`);
  const { code, err } = await run(["rebuild", "--config", config]);
  expect(code).toBe(1);
  expect(err).toMatch(/stopped before it was done: .*\(STOPPED\)/);
  const { json } = await runJson(["rebuild", "--config", config]);
  expect(json).toMatchObject({ error: { code: "STOPPED" } });
});

test("code of a configuration that throws while it is used is named with its line", async () => {
  const config = join(folder, "throwing.config.ts");
  const embedder = "{\n get embedDocuments() { throw new Error('no network'); } }";
  await writeFile(config, `export default { documents: [{ pageContent: "a" }], embedder: ${embedder} };\n`);
  const { json } = await runJson(["build", "--config", config, "--out", join(folder, "never")], runHere);
  const message = `${config}:2 failed: no network`;
  expect(json).toEqual({ error: { code: "CONFIG_FAILED", message } });
});

test("a configuration that loops while it is loaded is named", async () => {
  const config = join(folder, "looping.config.ts");
  await writeFile(config, "for (;;);\nexport default {};\n");
  const child = spawn(process.execPath, [BIN, "rebuild", "--config", config]);
  const line = await new Promise<string>((said) => child.stderr.on("data", (text) => said(String(text))));
  child.kill("SIGKILL");
  expect(line).toMatch(/looping\.config\.ts has been loading for 10 seconds.*\(CONFIG_SLOW\)/);
});
