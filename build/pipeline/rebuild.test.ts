import { copyFile, mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pagesPrefix, versionKey } from "../../worker/core/format/keys.ts";
import {
  build,
  evaluate,
  golden,
  loadConfig,
  publish,
  query,
  rebuild,
  rollback,
  verify,
  verifyPublished,
  versions,
  withConfiguredEmbedder,
} from "../index.ts";
import { downloadVersion } from "../publish/download.ts";
import type { PublishStore } from "../publish/index.ts";
import { openLocalStore } from "../publish/local.ts";

let root: string;
let config: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "annoy-edge-rebuild-"));
  await copyFile("wrangler.toml", join(root, "wrangler.toml"));
  config = join(root, "annoy-edge.config.ts");
  await mkdir(join(root, "texts"));
  await writeFile(join(root, "texts", "car.txt"), "my car is red");
  await writeFile(join(root, "texts", "food.txt"), "pizza is great");
  await writeFile(
    config,
    `export default {
      source: "texts",
      out: "built",
      name: "things",
      seed: 3 satisfies number,
      golden: [{ query: "vehicle", expect: "car.txt", k: 1 }],
    };\n`,
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

test("says what became of the pages of a site, also when nothing changed", async () => {
  const site = join(root, "site");
  await mkdir(site);
  await writeFile(join(site, "index.html"), "<main><h1>Home</h1><p>Welcome to the site.</p></main>");
  await writeFile(join(site, "away.html"), '<meta name="robots" content="noindex"><main><p>Gone.</p></main>');
  const settings = { site, out: join(root, "built-site"), name: "pages", embedder: "static" } as const;
  const report = { pages: 2, indexed: 1, leftOut: { noindex: { count: 1 } } };
  expect(await rebuild({ config: settings, root })).toMatchObject({ outcome: "published", site: report });
  const again = await rebuild({ config: settings, root, ifChanged: true });
  expect(again).toMatchObject({ outcome: "unchanged", site: report });
});

describe("an embedder of the application's own", () => {
  const file = () => join(root, "own.config.ts");
  const write = (expected: string, extra = "") =>
    writeFile(
      file(),
      `const vowels = (text: string) => [..."aeiou"].map((vowel) => text.split(vowel).length - 1);
      class VowelEmbeddings {
        embedDocuments = async (texts: string[]) => texts.map(vowels);
        embedQuery = async (text: string) => vowels(text);
      }
      export default {
        documents: ["banana", "tree", "kiwi"${extra}].map((pageContent) => ({ id: pageContent, pageContent })),
        out: "own",
        name: "own",
        keyword: false,
        embedder: new VowelEmbeddings(),
        golden: [{ query: "papaya", expect: "${expected}", k: 1 }],
      };\n`,
    );

  test("embeds the golden queries of a rebuild, and the queries of the command", async () => {
    await write("banana");
    expect(await rebuild({ config: file(), root })).toMatchObject({ outcome: "published", name: "own" });
    const options = await withConfiguredEmbedder(file());
    const { hits } = await query(join(root, "own"), { query: "papaya", k: 1 }, options);
    expect(hits[0]?.id).toBe("banana");
    const judged = { queries: [{ query: "papaya", relevant: new Map([["banana", 1]]) }], ...options };
    expect((await evaluate(join(root, "own"), judged)).modes).toMatchObject([{ mode: "vector", mrr: 1 }]);
    await expect(query(join(root, "own"), { query: "papaya" })).rejects.toMatchObject({
      code: "NO_EMBEDDER",
    });
    await expect(
      query(join(root, "own"), { query: "papaya" }, await withConfiguredEmbedder(config)),
    ).rejects.toMatchObject({ message: expect.stringMatching(/VowelEmbeddings/) });
  });

  test("refuses what its golden queries do not find", async () => {
    // Another file's name, for a module is loaded once.
    const other = join(root, "own-other.config.ts");
    await write("tree", ', "onion"');
    await rename(file(), other);
    await expect(rebuild({ config: other, root })).rejects.toMatchObject({
      code: "GATE_FAILED",
      message: expect.stringContaining("tree"),
    });
  });
});

describe("rebuild", () => {
  test("builds, verifies and publishes; then only when something changed, and never what fails a golden query", async () => {
    const first = await rebuild({ config, root, by: "a test" });
    expect(first).toMatchObject({ outcome: "published", name: "things", verification: { ok: true } });
    expect(await rebuild({ config, root, ifChanged: true })).toEqual({
      outcome: "unchanged",
      name: "things",
      version: "version" in first ? first.version : "",
    });
    // Without the shortcut the same content is built again, and found to be current.
    expect(await rebuild({ config, root })).toMatchObject({
      outcome: "unchanged",
      published: { name: "things" },
    });

    await writeFile(join(root, "texts", "dog.txt"), "a dog barks");
    const second = await rebuild({ config, root, ifChanged: true });
    expect(second).toMatchObject({ outcome: "published", published: { documents: { added: 1 } } });

    await rm(join(root, "texts", "car.txt"));
    await expect(rebuild({ config, root, ifChanged: true })).rejects.toMatchObject({
      code: "GATE_FAILED",
      message: expect.stringContaining("car.txt"),
    });
    const { versions: list } = await versions({ root, name: "things" });
    expect(list.map(({ state }) => state)).toEqual(["current", "previous"]);
    expect(list[0]?.version).toBe("version" in second ? second.version : "");
    expect(list[1]?.record?.by).toBe("a test");

    const back = await rollback(undefined, { root, name: "things" });
    expect(back.version).toBe(list[1]?.version);
  });

  test("an artifact that was damaged after it was built is refused", async () => {
    const out = join(root, "damaged");
    await build({ documents: [{ pageContent: "x" }], out, name: "things" });
    await truncate(join(out, "forest.bin"), 1000);
    await expect(publish(out, { root })).rejects.toMatchObject({ code: "ARTIFACT_CHANGED" });
  });
});

test.each([
  [7, "golden is not a list"],
  [[{ query: "vehicle" }], "golden[0]"],
  [[{ query: "vehicle", expect: "car.txt" }, null], "golden[1]"],
  [[{ query: "vehicle", expect: [] }], "golden[0]"],
  [[{ query: "vehicle", expect: "car.txt", k: -1 }], "golden[0]: k is -1"],
  [[{ query: "vehicle", expect: "car.txt", mode: "both" }], "golden[0]: mode must be one of"],
  [[{ query: " ", expect: "car.txt" }], "golden[0]: query has no text"],
])("golden queries %o are refused before anything is built", async (golden, message) => {
  const out = join(root, "never");
  const config = { documents: [{ pageContent: "x" }], out, name: "never", golden: golden as never };
  await expect(rebuild({ config, root })).rejects.toMatchObject({
    code: "BAD_OPTION",
    message: expect.stringContaining(message),
  });
  await expect(readFile(join(out, "manifest.json"))).rejects.toMatchObject({ code: "ENOENT" });
});

describe("golden queries", () => {
  const settings = (expected: string) => ({
    documents: ["banana", "tree", "kiwi"].map((pageContent) => ({ id: pageContent, pageContent })),
    out: join(root, "golden"),
    name: "golden",
    golden: [{ query: "banana", expect: expected, k: 1 }],
  });

  test("are asked on every rebuild, when nothing changed and the folder is gone too", async () => {
    expect(await rebuild({ config: settings("banana"), root })).toMatchObject({ outcome: "published" });
    const failing = { config: settings("tree"), root };
    const failed = { code: "GOLDEN_FAILED", message: expect.stringContaining("does not find tree") };
    await expect(rebuild(failing)).rejects.toMatchObject(failed);
    await expect(rebuild({ ...failing, ifChanged: true })).rejects.toMatchObject(failed);
    await rm(join(root, "golden"), { recursive: true });
    await expect(rebuild({ ...failing, ifChanged: true })).rejects.toMatchObject(failed);
    expect(await rebuild({ config: settings("banana"), root, ifChanged: true })).toMatchObject({
      outcome: "unchanged",
    });
  });

  test("that the index cannot be asked fail by name", async () => {
    const filtered = { query: "kiwi", expect: "kiwi", filter: { color: "green" } };
    const { golden: queries, ...rest } = settings("banana");
    const config = { ...rest, golden: [...queries, filtered] };
    expect(await golden(undefined, { config, root })).toMatchObject({
      ok: false,
      failures: [expect.stringContaining('"kiwi" cannot be asked: ')],
    });
  });

  test("are asked by a command of their own, of what is published or of a folder", async () => {
    const { version } = await golden(undefined, { config: settings("banana"), root });
    expect(await golden(undefined, { config: settings("tree"), root })).toEqual({
      ok: false,
      name: "golden",
      version,
      queries: 1,
      failures: ['"banana" does not find tree among its first 1.'],
    });
    await build(settings("banana"));
    expect(await golden(join(root, "golden"), { config: settings("banana"), root })).toMatchObject({
      ok: true,
      version,
    });
  });
});

test("a published version is downloaded as the artifact folder that it was", async () => {
  const built = join(root, "golden");
  const dir = join(root, "downloaded");
  const { version } = JSON.parse(await readFile(join(built, "manifest.json"), "utf8"));
  const store = await openLocalStore({ root });
  try {
    await downloadVersion(store, "golden", version, dir);
  } finally {
    await store.close();
  }
  expect(await verify(dir)).toMatchObject({ ok: true, version });
});

describe("--if-changed of what is not as it was published", () => {
  const options = () => ({
    config: {
      documents: ["banana", "tree", "kiwi"].map((pageContent) => ({ id: pageContent, pageContent })),
      out: join(root, "lossy"),
      name: "lossy",
      embedder: "static" as const,
      golden: [{ query: "banana", expect: "banana", k: 1 }],
    },
    ...{ root, ifChanged: true },
  });
  const harm = async (run: (store: PublishStore) => Promise<void>) => {
    const store = await openLocalStore({ root });
    await run(store).finally(() => store.close());
  };

  test("brings lost pages back, and builds anew where an object is lost, damaged or the manifest is", async () => {
    const first = await rebuild(options());
    const version = "version" in first ? first.version : "";
    await harm(async (store) => {
      for await (const { key } of store.listPages(pagesPrefix("lossy"))) await store.deletePages([key]);
    });
    expect(await rebuild(options())).toMatchObject({ outcome: "unchanged", version });
    for (const [file, bytes] of [
      ["forest.bin", undefined],
      ["placement.bin", new Uint8Array(0)],
      ["manifest.json", new TextEncoder().encode("{")],
    ] as const) {
      const key = versionKey("lossy", version, file);
      await harm(async (store) => {
        await store.deleteObjects([key]);
        if (bytes) await store.putObject(key, bytes);
      });
      const notes: string[] = [];
      const result = await rebuild({ ...options(), onNote: (note) => notes.push(note) });
      expect(result).toMatchObject({ outcome: "repaired", version });
      expect(notes).toEqual([expect.stringContaining(`${key} is ${bytes ? "changed" : "missing"}`)]);
    }
    expect(await verifyPublished({ root, name: "lossy" })).toMatchObject({ ok: true });
    expect(await rebuild(options())).toMatchObject({ outcome: "unchanged", version });
  });

  test("does without a local folder that was damaged", async () => {
    await truncate(join(root, "lossy", "forest.bin"), 100);
    expect(await rebuild(options())).toMatchObject({ outcome: "unchanged" });
    const { config, ...rest } = options();
    const documents = [...config.documents, { id: "plum", pageContent: "plum" }];
    expect(await rebuild({ config: { ...config, documents }, ...rest, compactAt: 1 })).toMatchObject({
      outcome: "published",
      published: { documents: { added: 1, kept: 3 } },
    });
    expect(await verify(join(root, "lossy"))).toMatchObject({ ok: true });
  });
});

test("a corpus that collapsed is refused, in a dry run too, until somebody allows it", async () => {
  const of = (count: number) => ({
    documents: Array.from({ length: count }, (_, i) => ({ id: `${i}`, pageContent: `text number ${i}` })),
    out: join(root, "shrinking"),
    name: "shrinking",
  });
  await rebuild({ config: of(100), root });
  const refused = { code: "GATE_FAILED", message: expect.stringContaining("CORPUS_SHRANK") };
  await expect(rebuild({ config: of(5), root, dryRun: true })).rejects.toMatchObject(refused);
  await expect(rebuild({ config: of(5), root })).rejects.toMatchObject(refused);
  await expect(rebuild({ config: { ...of(5), allowShrink: 0.5 }, root })).rejects.toMatchObject(refused);
  expect(await rebuild({ config: of(5), root, allowShrink: true })).toMatchObject({ outcome: "published" });
});

test("a failed rebuild tells a webhook, and stays the failure that it was", async () => {
  const told: unknown[] = [];
  const server = createServer((request, response) => {
    request.setEncoding("utf8");
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      told.push(JSON.parse(body));
      // A redirect would lose the notice.
      response.writeHead([204, 500, 302, 204][told.length - 1]!, { location: "/other" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const troubles: string[] = [];
  const config = {
    documents: [],
    out: join(root, "none"),
    name: "none",
    notify: `http://127.0.0.1:${port}/`,
  };
  try {
    for (const troublesAfter of [0, 1, 2]) {
      const failing = rebuild({ config, root, onTrouble: (why) => troubles.push(why) });
      await expect(failing).rejects.toMatchObject({ code: "NO_DOCUMENTS" });
      expect(troubles).toHaveLength(troublesAfter);
    }
    expect(told[0]).toMatchObject({
      index: "none",
      code: "NO_DOCUMENTS",
      event: "annoy-edge-rebuild-failed",
    });
    await rebuild({ config: { ...config, documents: [{ pageContent: "x" }] }, root });
    expect(told).toHaveLength(3);
    expect(troubles).toEqual([expect.stringContaining("500"), expect.stringContaining("302")]);
    const broken = join(root, "broken.config.ts");
    await writeFile(broken, "throw new Error('no network');");
    const failing = rebuild({ config: broken, root, notify: config.notify });
    await expect(failing).rejects.toMatchObject({ code: "CONFIG_FAILED" });
    expect(told[3]).toMatchObject({ index: "", code: "CONFIG_FAILED" });
    const notify = `http://me:secret@127.0.0.1:${port}/`;
    const refused = rebuild({ config: { ...config, notify }, root });
    await expect(refused).rejects.toThrow("has a user name or a password");
    await expect(refused).rejects.not.toThrow("secret");
  } finally {
    server.close();
  }
});

describe("the configuration", () => {
  test.each([
    ['export default {\n  name: "a",\n  sauce: 1,\n};', "file:3: ", "sauce"],
    [
      "export default {\n  source: 'x',\n  golden: [\n    { query: 'a', expect: 'b' },\n    { query: 'c' },\n  ],\n};",
      "file:5: ",
      "golden[1]",
    ],
    [
      "// codec: 1\nexport default {\n  documents: [{ pageContent: 'codec: 2' }],\n  codec: 'int5',\n};",
      "file:4: ",
      "codec",
    ],
    ["export default {\n  documents: [],\n  allowShrink: 'much',\n};", "file:3: ", "allowShrink"],
  ])("names file and line of what cannot be: %j", async (text, place, message) => {
    const path = await write(text);
    const failing = rebuild({ config: path, root });
    await expect(failing).rejects.toMatchObject({
      code: "BAD_OPTION",
      message: expect.stringContaining(message),
    });
    await expect(failing).rejects.toThrow(place.replace("file", path));
  });

  test.each([
    ["export default {\n  name: 'a'\n  source: 'b',\n};", 3],
    ["\nthrow new Error('no network');", 2],
  ])("names the line at which %j fails", async (text, line) => {
    const path = await write(text);
    await expect(loadConfig(path)).rejects.toThrow(`${basename(path)}:${line}`);
  });

  const write = async (text: string) => {
    const path = join(root, `config-${Math.random().toString(36).slice(2)}.ts`);
    await writeFile(path, text);
    return path;
  };

  test("has paths relative to itself", async () => {
    const loaded = await loadConfig(config);
    expect(loaded?.config).toMatchObject({ source: join(root, "texts"), out: join(root, "built") });
    expect(await readFile(config, "utf8")).toContain('"texts"');
  });

  test.each([
    ["export default { sauce: 1 };", "BAD_OPTION", "the key sauce"],
    ["export const config = {};", "BAD_OPTION", "no default export"],
    ["export default Promise.resolve({});", "BAD_OPTION", "put await before it"],
    ["export default class {}", "BAD_OPTION", "a function or class"],
    ["export default [];", "BAD_OPTION", "a list"],
    ["export default null;", "BAD_OPTION", "has null as its default export"],
    ["export default {\n  get name() { throw new Error('no name'); } };", "CONFIG_FAILED", ".ts:2 could"],
    ["export default new Proxy({}, { ownKeys: () => 1 });", "CONFIG_FAILED", "could not be loaded"],
    ["throw null;", "CONFIG_FAILED", "could not be loaded: null"],
    ["throw new Error('no network');", "CONFIG_FAILED", "no network"],
    ["export default {", "CONFIG_FAILED", "could not be loaded"],
  ])("%s is refused in a sentence", async (text, code, message) => {
    await expect(loadConfig(await write(text))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  test("that is named and not there is a mistake, and one that is not named is not", async () => {
    await expect(loadConfig(join(root, "none.ts"))).rejects.toMatchObject({ code: "BAD_OPTION" });
    expect(await loadConfig()).toBeUndefined();
  });
});

test("a damaged artifact is to be built anew, which no --force replaces; a small corpus is to be allowed", async () => {
  const documents = Array.from({ length: 40 }, (_, i) => ({ id: `d${i}`, pageContent: `page ${i}` }));
  const dir = join(root, "damaged");
  const settings = { out: dir, name: "damaged", embedder: "static" } as const;
  await build({ ...settings, documents });
  await publish(dir, { root });
  await build({ ...settings, documents: documents.slice(0, 4) });
  const small = await publish(dir, { root }).catch((error) => error);
  expect(small.message).toMatch(/CORPUS_SHRANK: .* --allow-shrink, or allowShrink [^\n]*$/);
  const manifest = JSON.parse(await readFile(join(dir, "manifest.json"), "utf8"));
  await writeFile(
    join(dir, "manifest.json"),
    JSON.stringify({ ...manifest, hotBytes: manifest.hotBytes + 1 }),
  );
  const damaged = await publish(dir, { root, allowShrink: true }).catch((error) => error);
  expect(damaged).toMatchObject({ code: "GATE_FAILED" });
  expect(damaged.message).toMatch(/CORRUPT_META: .*\nNo --force helps here: build the index anew\.$/);
});

test("the package imports itself by its own name", async () => {
  const name = "annoy-edge";
  const library = (await import(name)) as { build: unknown };
  expect(library.build).toBe(build);
});
