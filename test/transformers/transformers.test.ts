import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { openEmbedder } from "../../build/embedding/providers/index.ts";
import { build, query } from "../../build/index.ts";
import { buildUnlessEqual } from "../../build/pipeline/build.ts";
import type { Embedder } from "../../worker/core/embedding/types.ts";
import { ENCODER, idsOf, MAX_TOKENS, type Token, writeModel } from "./model.ts";
import { encodeOnnx, runTiny } from "./onnx.ts";

/**
 * The provider `huggingface` in this process: the real library and ONNX runtime, on a model that is made here. Run by
 * `npm run test:transformers`, which fetches the library first.
 */
const project = inject("project");
const home = process.cwd();
let folder: string;
let model: string;

beforeAll(async () => {
  folder = await mkdtemp(join(project, "run-"));
  model = join(folder, "tiny");
  await writeModel(model);
  // The library is installed in somebody's project, not beside this package.
  process.chdir(project);
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true });
});

async function open(spec: object = {}): Promise<Embedder> {
  const { embedder } = await openEmbedder(
    { provider: "huggingface", model, ...spec },
    { cache: false, env: {} },
  );
  return embedder!;
}

/** Expected vector of a text of these tokens, worked out without the library. */
function expected(pooling: "mean" | "cls", ...tokens: readonly Token[]): number[] {
  return pooled(pooling, "[CLS]", ...tokens, "[SEP]");
}

function pooled(pooling: "mean" | "cls", ...tokens: readonly Token[]): number[] {
  const rows = runTiny(ENCODER, idsOf(...tokens));
  const vector = rows[0]!.map((first, i) =>
    pooling === "cls" ? first : rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length,
  );
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
}

function expectNear(vector: readonly number[] | undefined, wanted: readonly number[]): void {
  expect(vector?.length).toBe(wanted.length);
  for (const [i, x] of wanted.entries()) expect(vector![i]).toBeCloseTo(x, 5);
}

describe("a sentence encoder in this process", () => {
  it("is loaded from a folder, pools by the mean and scales to unit length", async () => {
    const embedder = await open();
    expect(embedder.identity).toEqual({
      provider: "huggingface",
      model: "tiny",
      dimensions: 6,
      pooling: "mean",
      normalized: true,
    });
    expectNear(await embedder.embedQuery("Pizza"), expected("mean", "pizza"));
  });

  it("gives a text the same vector whatever it is padded beside, over several batches", async () => {
    const embedder = await open();
    const texts = ["cars", "a small dog", ...Array<string>(40).fill("dog"), "a"];
    const vectors = await embedder.embedDocuments(texts);
    expect(vectors.length).toBe(43);
    expectNear(vectors[0], expected("mean", "car", "##s"));
    expectNear(vectors[1], expected("mean", "a", "small", "dog"));
    expectNear(vectors[41], expected("mean", "dog"));
    expectNear(vectors[42], expected("mean", "a"));
  });

  it("takes the first token where pooling is cls", async () => {
    const embedder = await open({ pooling: "cls" });
    expect(embedder.identity.pooling).toBe("cls");
    expectNear(await embedder.embedQuery("a dog"), expected("cls", "a", "dog"));
  });

  it("puts the prefixes before texts, and cuts what is longer than the model takes", async () => {
    const embedder = await open({ queryPrefix: "query ", documentPrefix: "a " });
    expectNear(await embedder.embedQuery("car"), expected("mean", "query", "car"));
    expectNear((await embedder.embedDocuments(["car"]))[0], expected("mean", "a", "car"));
    // The library cuts at the model's length, the closing token included.
    const kept = new Array<Token>(MAX_TOKENS - 2).fill("dog");
    expectNear(await embedder.embedQuery("dog ".repeat(500)), pooled("mean", "[CLS]", "query", ...kept));
  });

  it("builds an index, and embeds its queries when it is opened again", async () => {
    const documents = ["pizza", "cars", "a small dog"].map((pageContent) => ({
      id: pageContent,
      pageContent,
    }));
    const out = join(folder, "library");
    const embedder = { provider: "huggingface", model } as const;
    const { manifest } = await build({ documents, embedder, cache: false, out, codec: "float32", jobs: 1 });
    expect(manifest.embedder).toMatchObject({ provider: "huggingface", model: "tiny", pooling: "mean" });
    const { hits } = await query(
      out,
      { query: "small dog", mode: "vector", k: 1 },
      { embedder: await open() },
    );
    expect(hits[0]).toMatchObject({ id: "a small dog" });
  });

  it("keeps vectors in the cache by the files of the model, not by its name alone", async () => {
    const cache = join(folder, "cache.sqlite");
    const changing = join(folder, "elsewhere", "tiny");
    await writeModel(changing);
    const vectors: (readonly number[])[] = [];
    for (const step of ["first", "again", "changed"]) {
      if (step === "changed") {
        const words = ENCODER.words.map((row) => row.map((x) => -x));
        await writeFile(join(changing, "onnx", "model.onnx"), encodeOnnx({ ...ENCODER, words }));
      }
      const opened = await openEmbedder({ provider: "huggingface", model: changing }, { cache, env: {} });
      vectors.push((await opened.embedder!.embedDocuments(["pizza"]))[0]!);
      opened.close();
    }
    expect(vectors[1]).toEqual(vectors[0]);
    expect(vectors[2]).not.toEqual(vectors[0]);
    expectNear(vectors[0], expected("mean", "pizza"));
  });

  it("is another when it was trained anew under the same name: an index is then not taken for unchanged", async () => {
    const anew = join(folder, "anew", "tiny");
    await writeModel(anew);
    const options = {
      documents: [{ pageContent: "pizza" }],
      out: join(folder, "of-anew"),
      embedder: `huggingface:${anew}`,
      cache: join(folder, "anew.sqlite"),
      jobs: 1,
    };
    const { manifest } = await build(options);
    expect(await buildUnlessEqual(options, manifest)).toBeUndefined();
    const words = ENCODER.words.map((row) => row.map((x) => -x));
    await writeFile(join(anew, "onnx", "model.onnx"), encodeOnnx({ ...ENCODER, words }));
    expect((await buildUnlessEqual(options, manifest))?.manifest.version).not.toBe(manifest.version);
  });

  it("is found by the command in the project that it is called from", async () => {
    await writeFile(
      join(folder, "docs.jsonl"),
      '{"id":"p","text":"pizza"}\n{"id":"d","text":"a small dog"}\n',
    );
    const command = fileURLToPath(new URL("../../scripts/annoy-edge.js", import.meta.url));
    const run = (...args: string[]) =>
      promisify(execFile)(process.execPath, [command, ...args], { cwd: folder, env: withoutKeys() });
    await run("build", "--source", "docs.jsonl", "--out", "index", "--embedder", "huggingface:tiny");
    const manifest = JSON.parse(await readFile(join(folder, "index", "manifest.json"), "utf8"));
    expect(manifest.embedder).toMatchObject({ provider: "huggingface", model: "tiny", dimensions: 6 });
    // The model's name is found again from here, and embeds the query.
    const { stdout } = await run("query", "index", "a small dog", "--mode", "vector", "-k", "1", "--json");
    expect(JSON.parse(stdout).hits[0].id).toBe("d");
  });

  it("says what cannot be loaded", async () => {
    const empty = join(folder, "empty");
    await writeModel(empty);
    await rm(join(empty, "onnx", "model.onnx"));
    await expect(open({ model: empty })).rejects.toMatchObject({
      code: "EMBEDDER_NOT_FOUND",
      message: expect.stringContaining(empty),
    });
  });
});

function withoutKeys(): NodeJS.ProcessEnv {
  const { HF_TOKEN: _, HF_BASE_URL: __, ...rest } = process.env;
  return rest;
}
