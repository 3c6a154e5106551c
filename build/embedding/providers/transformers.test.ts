import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEmbedder } from "./index.ts";
import { loadTransformers } from "./transformers.ts";

/**
 * Runs where `@huggingface/transformers` is installed. It is an optional peer of half a gigabyte, which nobody should
 * have to download for the rest: `npm i --no-save --ignore-scripts @huggingface/transformers@4` brings it.
 */
const library = await loadTransformers();

const VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "pizza", "car", "dog", "query"];
const DIM = 4;
const ROWS = VOCAB.map((_, id) => Array.from({ length: DIM }, (__, i) => Math.sin(id * DIM + i)));

let folder: string;
let model: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "transformers-"));
  model = join(folder, "tiny");
  await mkdir(join(model, "onnx"), { recursive: true });
  const json = (name: string, value: object) => writeFile(join(model, name), JSON.stringify(value));
  await json("config.json", { model_type: "bert", architectures: ["BertModel"], hidden_size: DIM });
  await json("tokenizer_config.json", {
    tokenizer_class: "BertTokenizer",
    model_max_length: 512,
    pad_token: "[PAD]",
  });
  await json("tokenizer.json", {
    version: "1.0",
    added_tokens: [],
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: null,
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(VOCAB.map((token, id) => [token, id])),
    },
  });
  await writeFile(join(model, "onnx", "model.onnx"), onnxOf(ROWS));
});
afterAll(() => rm(folder, { recursive: true }));

describe.skipIf(!library)("a sentence encoder that runs here", () => {
  const mean = (...ids: number[]) => {
    const sum = Array.from({ length: DIM }, (_, i) => ids.reduce((total, id) => total + ROWS[id]![i]!, 0));
    const length = Math.hypot(...sum);
    return sum.map((x) => x / length);
  };

  it("is loaded from a folder, pools by the mean and scales to unit length", async () => {
    const { embedder } = await openEmbedder({ provider: "huggingface", model }, { cache: false, env: {} });
    expect(embedder?.identity).toEqual({
      provider: "huggingface",
      model: "tiny",
      dimensions: DIM,
      pooling: "mean",
      normalized: true,
    });
    const vectors = await embedder!.embedDocuments(["pizza", "car dog", ...Array<string>(40).fill("dog")]);
    expect(vectors.length).toBe(42);
    for (const [i, x] of mean(4).entries()) expect(vectors[0]![i]).toBeCloseTo(x, 5);
    for (const [i, x] of mean(5, 6).entries()) expect(vectors[1]![i]).toBeCloseTo(x, 5);
    for (const [i, x] of mean(6).entries()) expect(vectors[41]![i]).toBeCloseTo(x, 5);
  });

  it("puts the prefixes before texts", async () => {
    const spec = { provider: "huggingface", model, queryPrefix: "query " } as const;
    const { embedder } = await openEmbedder(spec, { cache: false, env: {} });
    const vector = await embedder!.embedQuery("car");
    for (const [i, x] of mean(7, 5).entries()) expect(vector[i]).toBeCloseTo(x, 5);
  });

  it("says what cannot be loaded", async () => {
    await rm(join(model, "onnx", "model.onnx"));
    await expect(
      openEmbedder({ provider: "huggingface", model }, { cache: false, env: {} }),
    ).rejects.toMatchObject({
      code: "EMBEDDER_NOT_FOUND",
    });
  });
});

/** An ONNX model that looks rows up: `last_hidden_state = Gather(embeddings, input_ids)` (onnx.proto, opset 13). */
function onnxOf(rows: number[][]): Uint8Array {
  const number = (field: number, value: number) => [...varint(field << 3), ...varint(value)];
  const bytes = (field: number, value: number[]) => [
    ...varint((field << 3) | 2),
    ...varint(value.length),
    ...value,
  ];
  const text = (field: number, value: string) => bytes(field, [...Buffer.from(value)]);
  const axis = (name: string) => bytes(1, text(2, name));
  const value = (name: string, type: number, axes: string[]) => {
    const shape = bytes(2, axes.flatMap(axis));
    return [...text(1, name), ...bytes(2, bytes(1, [...number(1, type), ...shape]))];
  };
  const numbers = [...new Uint8Array(Float32Array.from(rows.flat()).buffer)];
  const tensor = [
    ...number(1, rows.length),
    ...number(1, DIM),
    ...number(2, 1),
    ...text(8, "rows"),
    ...bytes(9, numbers),
  ];
  const node = [
    ...text(1, "rows"),
    ...text(1, "input_ids"),
    ...text(2, "last_hidden_state"),
    ...text(4, "Gather"),
  ];
  const graph = [
    ...bytes(1, node),
    ...text(2, "tiny"),
    ...bytes(5, tensor),
    ...bytes(11, value("input_ids", 7, ["batch", "length"])),
    ...bytes(12, value("last_hidden_state", 1, ["batch", "length", "width"])),
  ];
  return Uint8Array.from([...number(1, 8), ...bytes(7, graph), ...bytes(8, number(2, 13))]);
}

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) out.push((rest & 127) | 128);
  out.push(rest);
  return out;
}
