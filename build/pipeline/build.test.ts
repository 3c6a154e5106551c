import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeFolder } from "../artifact/folder.ts";
import { type BuildOptions, build, type InputDocument, openLocalIndex, query } from "../index.ts";
import { createRandom } from "../numeric/random.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-build-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const SPEECH = "test/fixtures/texts/state_of_the_union.txt";
const out = (name: string) => join(folder, name);

function* randomDocuments(count: number, dimensions: number): Generator<InputDocument> {
  const random = createRandom(7);
  for (let i = 0; i < count; i++) {
    const vector = Array.from({ length: dimensions }, () => random() - 0.5);
    yield { id: `d${i}`, pageContent: `text ${i}`, metadata: { i }, vector };
  }
}

async function bytesOf(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir)).sort();
  const entries = names.map(async (name) => [name, (await readFile(join(dir, name))).toString("base64")]);
  return Object.fromEntries(await Promise.all(entries));
}

describe("texts", () => {
  test("the texts of LangChain's notebook are found by meaning", async () => {
    const texts = ["pizza is great", "I love salad", "my car", "a dog"];
    const documents = texts.map((pageContent) => ({ pageContent }));
    await build({ documents, embedder: "static", out: out("notebook") });
    const ask = async (text: string) => {
      const { hits } = await query(out("notebook"), { query: text, k: 4 });
      return hits.map((hit) => hit.document?.pageContent);
    };
    const food = await ask("food");
    expect(food.slice(0, 2).sort()).toEqual(["I love salad", "pizza is great"]);
    expect((await ask("motorbike"))[0]).toBe("my car");
    const itself = await query(out("notebook"), { item: 2, k: 1 });
    expect(itself.hits[0]).toMatchObject({ item: 2, distance: 0, score: 1 });
  });

  test("a question about the State of the Union finds its passage among the first four", async () => {
    const splitting = { splitter: "character", chunkSize: 1000, chunkOverlap: 0 } as const;
    const { manifest } = await build({
      source: SPEECH,
      out: out("speech"),
      embedder: "static",
      ...splitting,
    });
    expect(manifest.source).toMatchObject(splitting);
    const question = "What did the president say about Ketanji Brown Jackson";
    const { hits } = await query(out("speech"), { query: question, k: 4 });
    expect(hits.map((hit) => hit.document?.pageContent.slice(0, 66))).toContain(
      "Tonight. I call on the Senate to: Pass the Freedom to Vote Act. Pa",
    );
  });

  test("texts that are longer than the encoder reads are counted, and cut by its tokens there are none", async () => {
    const documents = () => [
      { pageContent: "short" },
      { pageContent: "word ".repeat(254) },
      { pageContent: "word ".repeat(255) },
      { pageContent: "long text of many words ".repeat(200) },
    ];
    const whole = await build({
      documents,
      out: out("uncut"),
      splitter: "none",
      cache: false,
      keyword: false,
    });
    expect(whole.manifest.cutTexts).toBe(2);
    const options = { chunkUnit: "tokens", cache: false, keyword: false } as const;
    const { manifest } = await build({ documents, out: out("cut"), ...options });
    expect(manifest).toMatchObject({ cutTexts: 0, source: { splitter: "auto", chunkUnit: "tokens" } });
    expect(manifest.items).toBeGreaterThan(7);
    const none = build({ documents, out: out("static"), embedder: "static", ...options });
    await expect(none).rejects.toMatchObject({ code: "BAD_OPTION" });
  });

  test("documents keep their metadata, id and characters", async () => {
    const metadata = { nested: { list: [1, null, "ü"] }, "": 'quote " and newline \n' };
    const documents = [
      { id: "ключ/1", pageContent: "eins \u2028 zwei 😀", metadata },
      { pageContent: "lone surrogate \ud800 kept" },
    ];
    await build({ documents, out: out("characters") });
    const index = await openLocalIndex(out("characters"));
    const [first, second, none] = await index.docstore.getItems([0, 1, 2]);
    await index.close();
    expect(first).toEqual(documents[0]);
    expect(second).toMatchObject({ pageContent: documents[1]!.pageContent, metadata: {} });
    expect(none).toBeUndefined();
  });

  test("ids made from content stay when documents move, and duplicates differ", async () => {
    const idsOf = async (texts: string[], name: string) => {
      await build({ documents: texts.map((pageContent) => ({ pageContent })), out: out(name) });
      const lines = (await readFile(join(out(name), "documents.jsonl"), "utf8")).trim().split("\n");
      return lines.map((line) => (JSON.parse(line) as { id: string }).id);
    };
    const [a, b, b2] = await idsOf(["alpha", "beta", "beta"], "ids-1");
    expect(await idsOf(["new", "beta", "alpha"], "ids-2")).toEqual([expect.any(String), b, a]);
    expect(b2).toBe(`${b}-2`);
    expect(a).toMatch(/^[0-9a-f]{12}$/);
  });

  test("one document, empty text and text of unknown words are indexed and answered", async () => {
    await build({ documents: [{ pageContent: "" }], out: out("one") });
    expect((await query(out("one"), { query: "anything", k: 10 })).hits).toHaveLength(1);
    await build({
      documents: [{ pageContent: "" }, { pageContent: "¡¿" }, { pageContent: "bread" }],
      out: out("few"),
    });
    const { hits } = await query(out("few"), { query: "loaf", k: 3 });
    expect(hits[0]?.document?.pageContent).toBe("bread");
    expect(hits.every((hit) => Number.isFinite(hit.distance))).toBe(true);
  });
});

describe("vectors", () => {
  test("the same input, settings and seed give the same bytes for any number of jobs", async () => {
    const settings = { trees: 6, leaf: 16, seed: 5, codec: "int8" } as const;
    const built = [];
    for (const jobs of [1, 2, 3]) {
      const dir = out(`jobs-${jobs}`);
      await build({ documents: () => randomDocuments(1500, 24), out: dir, jobs, ...settings });
      built.push(await bytesOf(dir));
    }
    expect(built[1]).toEqual(built[0]);
    expect(built[2]).toEqual(built[0]);
    await build({ documents: () => randomDocuments(1500, 24), out: out("seed"), ...settings, seed: 6 });
    expect((await bytesOf(out("seed")))["forest.bin"]).not.toBe(built[0]!["forest.bin"]);
  });

  test.each(["angular", "euclidean", "manhattan", "hamming", "dot"] as const)(
    "%s: an item's nearest neighbours are those of brute force",
    async (metric) => {
      const documents = [...randomDocuments(60, 12)];
      if (metric === "hamming")
        for (const d of documents)
          (d.vector as number[]).forEach((x, i, v) => {
            v[i] = x > 0 ? 1 : 0;
          });
      await build({ documents, out: out(metric), metric, codec: "float32" });
      const index = await openLocalIndex(out(metric));
      const { hits } = await query(out(metric), { item: 3, k: 60 });
      await index.close();
      const distances = hits.map((hit) => hit.distance ?? Number.NaN);
      const sorted = distances.toSorted((a, b) => (metric === "dot" ? b - a : a - b));
      expect(distances).toEqual(sorted);
      expect(new Set(hits.map((hit) => hit.item)).size).toBe(60);
      for (const hit of hits) expect(hit.distance).toBeCloseTo(index.forest.distance(3, hit.item)!, 4);
    },
  );

  test("duplicates and vectors of zeros are kept as items of their own", async () => {
    const vectors = [
      [0, 0, 0],
      [1, 0, 0],
      [1, 0, 0],
      [0, 0, 0],
    ];
    const { manifest } = await build({
      documents: vectors.map((vector) => ({ pageContent: "", vector })),
      out: out("zeros"),
    });
    expect(manifest).toMatchObject({ items: 4, dimensions: 3, embedder: null });
    const { hits } = await query(out("zeros"), { vector: [1, 0, 0], k: 4 });
    expect(hits.slice(0, 2).map((hit) => [hit.item, hit.distance])).toEqual([
      [1, 0],
      [2, 0],
    ]);
    expect(hits).toHaveLength(4);
  });

  test("an embedder named beside vectors is recorded and embeds the queries", async () => {
    const embedder = {
      identity: { provider: "mine", model: "m1", dimensions: 2, normalized: false },
      embedDocuments: async () => expect.fail("the vectors were given"),
      embedQuery: async (text: string) => (text === "east" ? [1, 0] : [0, 1]),
    };
    const documents = [
      { pageContent: "right", vector: [2, 0] },
      { pageContent: "up", vector: [0, 2] },
    ];
    const { manifest } = await build({ documents, out: out("mine"), embedder });
    expect(manifest.embedder).toEqual(embedder.identity);
    const { hits } = await query(out("mine"), { query: "north", k: 1 }, { embedder });
    expect(hits[0]?.document?.pageContent).toBe("up");
    const vector = { query: "north", mode: "vector" } as const;
    await expect(query(out("mine"), vector)).rejects.toMatchObject({ code: "NO_EMBEDDER" });
  });
});

describe("hostile input", () => {
  const bad: [string, BuildOptions["documents"], string][] = [
    ["no documents", [], "NO_DOCUMENTS"],
    ["a vector with NaN", [{ pageContent: "", vector: [1, Number.NaN] }], "BAD_VECTOR"],
    ["a vector beyond float32", [{ pageContent: "", vector: [1e39] }], "BAD_VECTOR"],
    [
      "vectors of two lengths",
      [
        { pageContent: "", vector: [1, 2] },
        { pageContent: "", vector: [1] },
      ],
      "BAD_VECTOR",
    ],
    ["an empty vector", [{ pageContent: "", vector: [] }], "BAD_VECTOR"],
    ["a vector in some documents", [{ pageContent: "", vector: [1] }, { pageContent: "" }], "MISSING_VECTOR"],
    [
      "a vector in later documents",
      [{ pageContent: "a" }, { pageContent: "", vector: [1] }],
      "MISSING_VECTOR",
    ],
    [
      "an id twice",
      [
        { id: "a", pageContent: "1" },
        { id: "a", pageContent: "2" },
      ],
      "DUPLICATE_ID",
    ],
    ["an empty id", [{ id: "", pageContent: "1" }], "BAD_DOCUMENT"],
    ["an id that UTF-8 cannot hold", [{ id: "\ud800", pageContent: "1" }], "BAD_DOCUMENT"],
    [
      "metadata with a BigInt beside an id",
      [{ id: "a", pageContent: "1", metadata: { n: 1n } }],
      "BAD_DOCUMENT",
    ],
    ["metadata with a BigInt", [{ pageContent: "1", metadata: { n: 1n } }], "BAD_DOCUMENT"],
    // What JavaScript callers may pass in spite of the types.
    ["no text", [{} as InputDocument], "BAD_DOCUMENT"],
    ["null", [null as unknown as InputDocument], "BAD_DOCUMENT"],
  ];
  test.each(bad)("%s is refused and leaves nothing behind", async (_, documents, code) => {
    const parent = await mkdtemp(join(folder, "bad-"));
    await expect(build({ documents: documents!, out: join(parent, "out") })).rejects.toMatchObject({ code });
    expect(await readdir(parent)).toEqual([]);
  });

  test("a source that fails half-way leaves the artifact that was there", async () => {
    await build({ documents: [{ pageContent: "first" }], out: out("kept") });
    const before = await bytesOf(out("kept"));
    async function* failing() {
      yield { pageContent: "second" };
      throw new Error("the network is down");
    }
    await expect(build({ documents: failing(), out: out("kept") })).rejects.toMatchObject({
      code: "DOCUMENTS_FAILED",
      message: "documents could not be read: the network is down",
    });
    const embedder = {
      embedQuery: async () => [1, 2],
      embedDocuments: () => Promise.reject(new Error("401")),
    };
    const documents = [{ pageContent: "third" }];
    await expect(build({ documents, embedder, out: out("kept") })).rejects.toMatchObject({
      code: "EMBEDDING_FAILED",
      message: expect.stringMatching(/^The embedder .* failed: 401$/),
    });
    expect(await bytesOf(out("kept"))).toEqual(before);
  });

  test("a folder that is no artifact is refused, and files that are not ours survive a rebuild", async () => {
    await mkdir(out("home"));
    await writeFile(join(out("home"), "thesis.txt"), "years of work");
    const documents = [{ pageContent: "x" }];
    await expect(build({ documents, out: out("home") })).rejects.toMatchObject({ code: "OUT_NOT_ARTIFACT" });
    expect(await readdir(out("home"))).toEqual(["thesis.txt"]);
    await build({ documents, embedder: "static", out: out("rebuilt") });
    await writeFile(join(out("rebuilt"), "NOTES.md"), "mine");
    await build({ documents: [{ pageContent: "y" }], embedder: "static", out: out("rebuilt") });
    expect((await readdir(out("rebuilt"))).sort()).toEqual([
      "NOTES.md",
      "documents.jsonl",
      "forest.bin",
      "manifest.json",
    ]);
    expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("a folder of somebody else's that has the name of the shards' is never mixed with them", async () => {
    const documents = Array.from({ length: 40 }, (_, i) => ({ pageContent: "", vector: [i, 1] }));
    await build({ documents, out: out("own-shards") });
    await mkdir(join(out("own-shards"), "shards"));
    await writeFile(join(out("own-shards"), "shards", "notes.txt"), "mine");
    const before = await readFile(join(out("own-shards"), "manifest.json"), "utf8");
    await expect(build({ documents, shards: 2, out: out("own-shards") })).rejects.toMatchObject({
      code: "OUT_NOT_ARTIFACT",
      message: expect.stringContaining("Move it away"),
    });
    expect(await readFile(join(out("own-shards"), "manifest.json"), "utf8")).toBe(before);
    await build({ documents: documents.slice(1), out: out("own-shards") });
    expect(await readdir(join(out("own-shards"), "shards"))).toEqual(["notes.txt"]);
    await rm(join(out("own-shards"), "shards"), { recursive: true });
    await build({ documents, shards: 2, out: out("own-shards") });
    await build({ documents, out: out("own-shards") });
    expect(await readdir(out("own-shards"))).not.toContain("shards");
  });

  test("an id too long is named by its beginning", async () => {
    const documents = [{ id: "x".repeat(100_000), pageContent: "1" }];
    const failure = await build({ documents, out: out("long") }).catch((error) => error);
    expect(failure).toMatchObject({ code: "BAD_DOCUMENT" });
    expect(failure.message.length).toBeLessThan(300);
  });

  test("what the system refuses is told with the artifact's name", async () => {
    await writeFile(out("file"), "");
    await expect(
      build({ documents: [{ pageContent: "x" }], out: join(out("file"), "in", "it") }),
    ).rejects.toMatchObject({
      code: "OUT_UNWRITABLE",
      message: expect.stringContaining(join("file", "in", "it")),
    });
    const full = Object.assign(new Error("no space"), { code: "ENOSPC", syscall: "copyfile" });
    const copied = writeFolder(out("full"), [], () => Promise.reject(full));
    await expect(copied).rejects.toMatchObject({ code: "OUT_UNWRITABLE" });
  });

  test("a link to a folder stays a link, and the working directory is not replaced", async () => {
    const documents = [{ pageContent: "x" }];
    await build({ documents, out: out("real") });
    await symlink(out("real"), out("link"));
    await build({ documents: [{ pageContent: "y" }], out: out("link") });
    expect(await readFile(join(out("real"), "documents.jsonl"), "utf8")).toContain('"y"');
    expect((await lstat(out("link"))).isSymbolicLink()).toBe(true);
    for (const held of [".", "..", "/"]) {
      await expect(build({ documents, out: held })).rejects.toMatchObject({ code: "OUT_NOT_ARTIFACT" });
    }
  });

  test.each([
    [{ trees: -1 }, "trees is -1"],
    [{ targetRecall: 1.5 }, "targetRecall is 1.5"],
    [{ metric: "cosine" as never }, 'metric is "cosine"'],
    [{ codec: "int2" as never }, 'codec is "int2"'],
    [{ jobs: 0 }, "jobs is 0"],
    [{ seed: 0.5 }, "seed is 0.5"],
    [{ name: "../up" }, '"../up" cannot name'],
    [{ embedder: "magic" as never }, 'embedder is "magic"'],
    [{ splitter: "words" as never }, 'splitter is "words"'],
    [{ documents: 7 as never }, "documents is neither"],
    [{ source: "" }, 'source is ""'],
    [{ source: ["docs", ""] }, 'source[1] is ""'],
    [{ source: 7 as never }, "source is 7; a list"],
    [{ site: "" }, 'site is ""'],
    [{ name: 7 as never }, "name is 7"],
    [{ filterable: "lang" as never }, 'filterable is "lang"; a list'],
  ] as [Partial<BuildOptions>, string][])(
    "settings %o are refused in a sentence",
    async (settings, message) => {
      const documents = [{ pageContent: "x" }];
      await expect(build({ documents, out: out("never"), ...settings })).rejects.toMatchObject({
        code: "BAD_OPTION",
        message: expect.stringContaining(message),
      });
      expect(await readdir(folder)).not.toContain("never");
    },
  );
});
