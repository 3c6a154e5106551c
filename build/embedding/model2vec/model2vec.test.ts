import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wordPieceOf } from "../../../test/support/tiny-encoder.ts";
import { createModel2VecEmbedder } from "../../../worker/core/embedding/model2vec/embedder.ts";
import { openModel2VecTable } from "../../../worker/core/embedding/model2vec/table.ts";
import { build, openLocalIndex, query } from "../../index.ts";
import { buildUnlessEqual } from "../../pipeline/build.ts";
import { openEmbedder } from "../providers/index.ts";
import { loadModel2Vec } from "./load.ts";

const DIM = 8;
const TEXTS = [
  "The quick brown fox",
  "  unaffable, running!  ",
  "Café naïve ÀÉ",
  "東京 is big",
  "zzz xyz unknown",
  "x",
  "",
  "tabs\tand\nlines",
  "don't-stop",
  "😀 emoji",
  "pizza pizza",
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "model2vec-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Numbers that look random and are the same in every run. */
function numbers(count: number): number[] {
  let state = 7;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const WORDPIECE_VOCAB = [
  ..."[PAD] [UNK] [CLS] [SEP] the quick brown fox un ##aff ##able run ##ning cafe naive is big pizza don t stop and".split(
    " ",
  ),
  ...Array.from("abcdefghijklmnopqrstuvw", (c) => [c, `##${c}`]).flat(),
  ...Array.from(",.!'-東京"),
];
const wordPiece = wordPieceOf(WORDPIECE_VOCAB);

const UNIGRAM_PIECES = [
  "<unk>",
  "▁",
  "▁the",
  "▁quick",
  "▁pizza",
  "▁run",
  "ning",
  "ing",
  "n",
  "▁is",
  "▁big",
  "!",
  ",",
];
const unigram = {
  version: "1.0",
  normalizer: { type: "Sequence", normalizers: [{ type: "NFKC" }, { type: "Lowercase" }] },
  pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
  added_tokens: [],
  post_processor: null,
  decoder: null,
  model: {
    type: "Unigram",
    unk_id: 0,
    vocab: [
      ...UNIGRAM_PIECES.map((piece, i) => [piece, i === 0 ? 0 : -2 - i / 8]),
      ...Array.from("abcdefghijklmopqrstuvw", (c, i) => [c, -6 - i / 8]),
    ],
  },
};

function safetensors(
  tensors: Record<string, { dtype: string; shape: number[]; data: Uint8Array }>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let at = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [at, at + data.length] };
    at += data.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...Object.values(tensors).map(({ data }) => data)]);
}

function f32(values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

async function writeModel(
  name: string,
  tokenizer: object,
  tensors: Parameters<typeof safetensors>[0],
  config: object = { model_type: "model2vec", normalize: true },
): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "tokenizer.json"), JSON.stringify(tokenizer));
  await writeFile(join(path, "config.json"), JSON.stringify(config));
  await writeFile(join(path, "model.safetensors"), safetensors(tensors));
  return path;
}

/** Vectors that model2vec itself computes, with Hugging Face's own tokenizer, in full precision. */
function reference(
  tokenizer: { model: { type: string; unk_token?: string } },
  row: (id: number) => number[],
  unit = true,
): (text: string) => number[] {
  const theirs = new Tokenizer(tokenizer, {});
  return (text) => {
    const all: number[] = text === "" ? [] : theirs.encode(text, { add_special_tokens: false }).ids;
    const ids = tokenizer.model.type === "WordPiece" ? all.filter((id) => id !== 1) : all;
    const mean = Array.from(
      { length: DIM },
      (_, i) => ids.reduce((sum, id) => sum + row(id)[i]!, 0) / (ids.length || 1),
    );
    const length = Math.hypot(...mean);
    return unit && length > 0 ? mean.map((x) => x / length) : mean;
  };
}

function close(a: number[], b: number[]): boolean {
  return a.every((x, i) => Math.abs(x - b[i]!) < 0.02);
}

describe("a model2vec model", () => {
  const values = numbers(WORDPIECE_VOCAB.length * DIM);
  const row = (id: number) => values.slice(id * DIM, (id + 1) * DIM);

  it("gives what model2vec gives, with WordPiece and rows in float32", async () => {
    const path = await writeModel("wordpiece", wordPiece, {
      embeddings: { dtype: "F32", shape: [WORDPIECE_VOCAB.length, DIM], data: f32(values) },
    });
    const embedder = await loadModel2Vec(path);
    expect(embedder.identity).toEqual({
      provider: "model2vec",
      model: "wordpiece",
      dimensions: DIM,
      pooling: "mean",
      normalized: true,
    });
    const expected = reference(wordPiece, row);
    for (const text of TEXTS) {
      const vector = await embedder.embedQuery(text);
      expect(close(vector, expected(text)), text).toBe(true);
    }
    expect((await embedder.embedQuery("zzz")).every((x) => x === 0)).toBe(true);
    const texts = fc.array(fc.constantFrom(..."abcnrwz ,.'-é東\n".split(""), "un", "aff", "able", "pizza "), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(texts, async (parts) => {
        const text = parts.join("");
        return close(await embedder.embedQuery(text), expected(text));
      }),
    );
  });

  it("applies weights and mapping, takes float16, and leaves means as they are when told", async () => {
    const n = WORDPIECE_VOCAB.length;
    // Half as many rows as tokens: a vocabulary that was clustered.
    const half = Math.ceil(n / 2);
    const eighths = numbers(half * DIM).map((x) => Math.round(x * 8) / 8);
    const weights = numbers(n).map((x) => Math.abs(x) + 0.1);
    const mapping = Array.from({ length: n }, (_, id) => id % half);
    const path = await writeModel(
      "clustered",
      wordPiece,
      {
        embeddings: { dtype: "F16", shape: [half, DIM], data: f16(eighths) },
        weights: { dtype: "F64", shape: [n], data: new Uint8Array(Float64Array.from(weights).buffer) },
        mapping: {
          dtype: "I64",
          shape: [n],
          data: new Uint8Array(BigInt64Array.from(mapping, BigInt).buffer),
        },
      },
      { normalize: false },
    );
    const expected = reference(
      wordPiece,
      (id) => eighths.slice(mapping[id]! * DIM, (mapping[id]! + 1) * DIM).map((x) => x * weights[id]!),
      false,
    );
    const embedder = await loadModel2Vec(path);
    expect(embedder.identity.normalized).toBe(false);
    for (const text of TEXTS) expect(close(await embedder.embedQuery(text), expected(text)), text).toBe(true);
  });

  it("cuts by Unigram as Hugging Face's tokenizers do", async () => {
    const n = unigram.model.vocab.length;
    const path = await writeModel("unigram", unigram, {
      embeddings: { dtype: "F32", shape: [n, DIM], data: f32(values.slice(0, n * DIM)) },
    });
    const embedder = await loadModel2Vec(path);
    const expected = reference(unigram, row);
    for (const text of ["the quick pizza", "running", "ＲＵＮＮＩＮＧ", "is big!", "thequick", "a b c"]) {
      expect(close(await embedder.embedQuery(text), expected(text)), text).toBe(true);
    }
    expect((await embedder.embedQuery("東京")).some((x) => x !== 0)).toBe(true);
  });

  it("takes a megabyte of anything", async () => {
    const embedder = await loadModel2Vec(join(folder, "wordpiece"));
    for (const text of [
      "a".repeat(1e6),
      "a ".repeat(5e5),
      "\u0301\u0316".repeat(5e5),
      ",".repeat(1e6),
      "\ud800".repeat(1e6),
    ]) {
      expect((await embedder.embedQuery(text)).every(Number.isFinite)).toBe(true);
    }
  });

  it("goes into an artifact, which then needs no model", async () => {
    const documents = ["the quick brown fox", "pizza", "running"].map((pageContent, i) => ({
      id: `d${i}`,
      pageContent,
    }));
    const out = join(folder, "artifact");
    await build({
      documents,
      out,
      embedder: `model2vec:${join(folder, "wordpiece")}`,
      jobs: 1,
      keyword: false,
    });
    await rm(join(folder, "wordpiece", "model.safetensors"));
    expect((await query(out, { query: "pizza pizza", k: 1 })).hits[0]).toMatchObject({ id: "d1" });
    const index = await openLocalIndex(out);
    expect(index.embedder?.identity).toMatchObject({ provider: "model2vec", model: "wordpiece" });
    await index.close();
  });

  it("is another when it was trained anew under the same name: an index is then not taken for unchanged", async () => {
    const train = (weights: number[]) =>
      writeModel("anew", wordPiece, {
        embeddings: { dtype: "F32", shape: [WORDPIECE_VOCAB.length, DIM], data: f32(weights) },
      });
    const options = {
      documents: ["the quick brown fox", "pizza"].map((pageContent) => ({ pageContent })),
      out: join(folder, "of-anew"),
      embedder: `model2vec:${await train(values)}`,
      jobs: 1,
    };
    const { manifest } = await build(options);
    expect(await buildUnlessEqual(options, manifest)).toBeUndefined();
    await train(values);
    expect(await buildUnlessEqual(options, manifest)).toBeUndefined();
    await train(values.map((x) => -x));
    expect((await buildUnlessEqual(options, manifest))?.manifest.version).not.toBe(manifest.version);
  });

  it("is fetched from a hub once, by its id", async () => {
    await writeModel("served", wordPiece, {
      embeddings: { dtype: "F32", shape: [WORDPIECE_VOCAB.length, DIM], data: f32(values) },
    });
    const asked: string[] = [];
    const server = createServer(async (request, response) => {
      asked.push(request.url ?? "");
      const name = /^\/org\/model\/resolve\/main\/(.+)$/.exec(request.url ?? "")?.[1];
      if (!name) response.writeHead(404).end();
      else response.end(await readFile(join(folder, "served", name)));
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    try {
      const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const options = { baseUrl, folder: join(folder, "hub") };
      const first = await loadModel2Vec("org/model", options);
      expect(first.identity.model).toBe("org/model");
      await loadModel2Vec("org/model", options);
      expect(asked.length).toBe(3);
      await expect(loadModel2Vec("org/other", options)).rejects.toMatchObject({
        code: "MODEL_NOT_FOUND",
        message: expect.stringMatching(/404/),
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe("a model that cannot be used", () => {
  const good = {
    embeddings: {
      dtype: "F32",
      shape: [WORDPIECE_VOCAB.length, DIM],
      data: f32(numbers(WORDPIECE_VOCAB.length * DIM)),
    },
  };

  it.each([
    [
      "MODEL_UNSUPPORTED",
      { ...wordPiece, normalizer: { type: "ByteLevel" } },
      good,
      /normalizer of type ByteLevel/,
    ],
    ["MODEL_UNSUPPORTED", { ...wordPiece, pre_tokenizer: { type: "ByteLevel" } }, good, /ByteLevel/],
    ["MODEL_UNSUPPORTED", { ...wordPiece, model: { type: "BPE", vocab: {} } }, good, /BPE/],
    ["MODEL_UNSUPPORTED", wordPiece, { embeddings: { ...good.embeddings, dtype: "F8_E4M3" } }, /F8_E4M3/],
    ["BAD_MODEL", { ...wordPiece, model: undefined }, good, /no model/],
    ["BAD_MODEL", wordPiece, {}, /no tensor embeddings/],
    [
      "BAD_MODEL",
      wordPiece,
      { embeddings: { dtype: "F32", shape: [2, DIM], data: f32(numbers(2 * DIM)) } },
      /of 2/,
    ],
    [
      "BAD_MODEL",
      wordPiece,
      { embeddings: { ...good.embeddings, shape: [99, DIM] } },
      /bytes for tensor embeddings/,
    ],
  ] as const)("gives %s for %#", async (code, tokenizer, tensors, message) => {
    const path = await writeModel("broken", tokenizer, tensors as Parameters<typeof safetensors>[0]);
    await expect(loadModel2Vec(path)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("names what is missing", async () => {
    await expect(openEmbedder("model2vec")).rejects.toMatchObject({ code: "BAD_OPTION" });
    await expect(loadModel2Vec("no such thing")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    await mkdir(join(folder, "nothing"), { recursive: true });
    await expect(loadModel2Vec(join(folder, "nothing"))).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  });

  it("refuses a table that was damaged on its way", async () => {
    const { tableBytes } = await loadModel2Vec(await writeModel("whole", wordPiece, good));
    const broken = (change: (bytes: Uint8Array, start: number) => void) => {
      const bytes = tableBytes.slice();
      change(bytes, 8 + new DataView(bytes.buffer).getUint32(4, true));
      return bytes;
    };
    const n = WORDPIECE_VOCAB.length - 1;
    for (const bytes of [
      new Uint8Array(0),
      tableBytes.subarray(0, 40),
      tableBytes.subarray(0, -1),
      broken((b) => b.fill(0xff, 4, 8)),
      broken((b) => b.fill(0x7b, 8, 12)),
      broken((b, start) => b.fill(0xff, start, start + 4)),
      broken((b, start) => b.fill(0xff, start + 8 * n, start + 8 * n + 4)),
      broken((b, start) => b.fill(0xff, start + 12 * n, start + 12 * n + 4)),
    ]) {
      expect(() => openModel2VecTable(bytes)).toThrow(expect.objectContaining({ code: "CORRUPT_EMBEDDER" }));
    }
    const shifted = new Uint8Array(tableBytes.length + 1);
    shifted.set(tableBytes, 1);
    const copy = createModel2VecEmbedder(shifted.subarray(1), "m");
    expect(await copy.embedQuery("pizza")).toEqual(
      await createModel2VecEmbedder(tableBytes, "m").embedQuery("pizza"),
    );
  });
});

/** IEEE 754 binary16 of numbers that it can hold exactly. */
function f16(values: number[]): Uint8Array {
  const out = new DataView(new ArrayBuffer(values.length * 2));
  for (const [i, value] of values.entries()) {
    if (value === 0) continue;
    const exponent = Math.floor(Math.log2(Math.abs(value)));
    const fraction = (Math.abs(value) / 2 ** exponent - 1) * 1024;
    out.setUint16(i * 2, (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction, true);
  }
  return new Uint8Array(out.buffer);
}
