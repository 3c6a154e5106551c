import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { referenceRows } from "../../../test/support/reference-encoder.ts";
import {
  sentencePieceModel,
  TINY,
  type TinyKind,
  type TinyType,
  tinyFolder,
  unigramTokenizer,
  WORDPIECES,
  wordPieceTokenizer,
  writeTiny,
} from "../../../test/support/tiny-encoder.ts";
import { type Encoder, openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import { loadEncoder } from "../sentence/embedder.ts";
import { type ImportEncoderOptions, importEncoder } from "./import.ts";
import { loadKernel } from "./kernel/load.ts";

const TEXTS = [
  "the quick brown fox",
  "unaffable, running!",
  "the house",
  "x",
  "",
  "a fox and the house (brown) - quick? run, run, run!",
];
const { hidden } = TINY;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "encoder-"));
});
afterAll(() => rm(folder, { recursive: true }));

let written = 0;
/** Imports a tiny model and opens it. */
async function imported(
  kind: TinyKind,
  options: Partial<ImportEncoderOptions> & { pool?: "cls" | "mean"; flavour?: "relaxed" | "plain" } = {},
) {
  const path = join(folder, `${kind}-${written++}`);
  const model = tinyFolder(kind, options.pool);
  await writeTiny(path, model);
  const result = await importEncoder(path, { ...options, out: join(path, "encoder.bin") });
  const bytes = await readFile(result.out);
  return { result, bytes, model, encoder: openEncoder(bytes, await loadKernel(options.flavour)) };
}

function vectors(encoder: Encoder, texts: readonly string[]): number[][] {
  const out = new Float32Array(texts.length * hidden);
  encoder.embedPassagesInto(texts, out);
  return texts.map((_, i) => Array.from(out.subarray(i * hidden, (i + 1) * hidden)));
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, v, i) => sum + v * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** Hugging Face's own tokens of a text, with those around it. */
function idsOf(kind: TinyKind, text: string, limit = 32): number[] {
  const unigram = kind === "xlm-roberta";
  const tokenizer = new Tokenizer(unigram ? unigramTokenizer : wordPieceTokenizer, {});
  const { ids } = tokenizer.encode(text, { add_special_tokens: false });
  const [start, end] = unigram ? [0, 2] : [WORDPIECES.indexOf("[CLS]"), WORDPIECES.indexOf("[SEP]")];
  return [start, ...ids.slice(0, limit - 2), end];
}

describe("an imported encoder", () => {
  for (const [kind, pool] of [
    ["bert", "cls"],
    ["bert", "mean"],
    ["xlm-roberta", "mean"],
    ["mpnet", "mean"],
  ] as const) {
    it(`computes what the model computes in double precision: ${kind}, ${pool}`, async () => {
      const { encoder, model } = await imported(kind, { pool });
      for (const [i, vector] of vectors(encoder, TEXTS).entries()) {
        const rows = referenceRows(kind, model.tensors, idsOf(kind, TEXTS[i]!));
        const mean = rows[0]!.map((_, j) => rows.reduce((sum, row) => sum + row[j]!, 0));
        expect(cosine(vector, pool === "cls" ? rows[0]! : mean)).toBeGreaterThan(0.995);
        expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      }
    });
  }

  it("gives the same numbers with relaxed and plain SIMD, alone and in a batch, by every method", async () => {
    const relaxed = (await imported("bert", { flavour: "relaxed" })).encoder;
    const plain = (await imported("bert", { flavour: "plain" })).encoder;
    const batch = vectors(relaxed, TEXTS);
    expect(vectors(plain, TEXTS)).toEqual(batch);
    for (const [i, text] of TEXTS.entries()) {
      expect(vectors(relaxed, [text])[0]).toEqual(batch[i]);
      expect(await relaxed.embedQuery(text)).toEqual(batch[i]);
    }
    expect(await relaxed.embedDocuments([...TEXTS])).toEqual(batch);
    expect(vectors(relaxed, [])).toEqual([]);
    // More texts than fit one pass, and none of them changed by its neighbours.
    const many = Array.from({ length: 60 }, (_, i) => TEXTS[i % TEXTS.length]!);
    expect(vectors(relaxed, many)).toEqual(many.map((_, i) => batch[i % TEXTS.length]));
  });

  it("loses little with a token table at 4 bits", async () => {
    const fine = vectors((await imported("bert")).encoder, TEXTS);
    const { encoder, result } = await imported("bert", { tokenTable: "int4" });
    for (const [i, vector] of vectors(encoder, TEXTS).entries()) {
      expect(cosine(vector, fine[i]!)).toBeGreaterThan(0.97);
      expect(cosine(vector, fine[i]!)).toBeLessThan(1);
    }
    expect(result.identity.contentHash).not.toBe((await imported("bert")).result.identity.contentHash);
  });

  it("reads the first tokens of a long text and counts all", async () => {
    const { encoder } = await imported("bert");
    const long = "fox ".repeat(100);
    expect(encoder.maxTokens).toBe(32);
    expect(encoder.countTokens(long)).toBe(102);
    expect(encoder.countTokens("")).toBe(2);
    expect(vectors(encoder, [long])[0]).toEqual(vectors(encoder, ["fox ".repeat(30)])[0]);
    expect(vectors(encoder, [long])[0]).not.toEqual(vectors(encoder, ["fox ".repeat(29)])[0]);
    expect(encoder.countTokens("fox ".repeat(20_000))).toBe(20_002);
  });

  it("puts prefixes before queries and documents, which the name of e5 brings along", async () => {
    const { encoder, result } = await imported("bert", { name: "e5-small-v2" });
    const bare = (await imported("bert")).encoder;
    expect(result.identity).toMatchObject({ queryPrefix: "query: ", documentPrefix: "passage: " });
    expect(await encoder.embedQuery("a fox")).toEqual(await bare.embedQuery("query: a fox"));
    expect(vectors(encoder, ["a fox"])).toEqual(vectors(bare, ["passage: a fox"]));
    expect(encoder.countTokens("a fox")).toBe(bare.countTokens("passage: a fox"));
    const own = await imported("bert", { name: "e5-small", queryPrefix: "" });
    expect(own.result.identity.queryPrefix).toBeUndefined();
  });

  it("lies once in memory when its file was written there, and answers as after a copy", async () => {
    const { bytes, encoder } = await imported("bert");
    const kernel = await loadKernel();
    const place = kernel.reserve(bytes.byteLength);
    place.set(bytes);
    const placed = openEncoder(place, kernel);
    expect(vectors(placed, TEXTS)).toEqual(vectors(encoder, TEXTS));
    expect(placed.identity).toEqual(encoder.identity);
  });

  it("is the same bytes each time, and says so by its hash", async () => {
    const [a, b] = [await imported("bert", { name: "x" }), await imported("bert", { name: "x" })];
    expect(a.bytes.equals(b.bytes)).toBe(true);
    expect(a.result.identity.contentHash).toMatch(/^[0-9a-f]{16}$/);
  });

  it("keeps fewer tokens where a text or languages are named", async () => {
    const text = join(folder, "kept.jsonl");
    await writeFile(text, `${JSON.stringify({ text: "the quick", tags: ["brown"] })}\n`);
    const all = await imported("bert");
    const few = await imported("bert", { vocabulary: [text] });
    expect(few.result.tokens).toBeLessThan(all.result.tokens);
    // Tokens that were kept have their rows; what is gone is spelled.
    expect(vectors(few.encoder, ["the quick brown"])).toEqual(vectors(all.encoder, ["the quick brown"]));
    expect(all.encoder.countTokens("house")).toBe(3);
    expect(few.encoder.countTokens("house")).toBe(7);
    const english = await imported("xlm-roberta", { languages: ["en"] });
    const russian = await imported("xlm-roberta", { languages: ["ru"] });
    expect(english.encoder.countTokens("а")).toBe(russian.encoder.countTokens("а"));
    expect(russian.result.tokens - english.result.tokens).toBe(5);
    const refused = { code: "BAD_OPTION" };
    await expect(imported("bert", { languages: ["xx"] })).rejects.toMatchObject(refused);
    await expect(imported("bert", { languages: ["constructor"] })).rejects.toMatchObject(refused);
    await expect(imported("bert", { vocabulary: ["/dev/zero"] })).rejects.toMatchObject(refused);
    await expect(imported("bert", { languages: ["en"], vocabulary: [text] })).rejects.toMatchObject({
      code: "BAD_OPTION",
    });
    await expect(imported("bert", { vocabulary: [join(folder, "none")] })).rejects.toMatchObject({
      code: "BAD_OPTION",
    });
  });

  it("reads vocab.txt where there is no tokenizer.json", async () => {
    const model = tinyFolder("bert");
    const path = await writeTiny(join(folder, "vocab"), {
      ...model,
      files: {
        ...model.files,
        "tokenizer.json": undefined,
        "vocab.txt": `${WORDPIECES.join("\n")}\n`,
        "tokenizer_config.json": { do_lower_case: true },
      },
    });
    const { out } = await importEncoder(path, { out: join(path, "encoder.bin") });
    const encoder = openEncoder(await readFile(out), await loadKernel());
    expect(vectors(encoder, TEXTS)).toEqual(vectors((await imported("bert")).encoder, TEXTS));
  });
});

describe("weights and tokenizers in other files", () => {
  it.each(["F16", "BF16"] as const)("reads weights of type %s", async (type) => {
    const model = tinyFolder("bert");
    for (const { values } of model.tensors.values()) {
      // Seven bits of fraction, which both types have; tiny numbers are no normal ones at half precision.
      const bits = new Uint32Array(values.buffer);
      for (let i = 0; i < bits.length; i++)
        bits[i] = Math.abs(values[i]!) < 2 ** -14 ? 0 : bits[i]! & 0xffff0000;
    }
    const vectorsAs = async (as: TinyType) => {
      const path = await writeTiny(join(folder, `as-${type}-${as}`), model, as);
      const { out } = await importEncoder(path, { out: join(path, "encoder.bin") });
      return vectors(openEncoder(await readFile(out), await loadKernel()), TEXTS);
    };
    expect(await vectorsAs(type)).toEqual(await vectorsAs("F32"));
  });

  it("reads sentencepiece.bpe.model where there is no tokenizer.json, and refuses one that is cut", async () => {
    const model = tinyFolder("xlm-roberta");
    const write = (name: string, bytes: Uint8Array) => {
      const files = { ...model.files, "tokenizer.json": undefined, "sentencepiece.bpe.model": bytes };
      return writeTiny(join(folder, name), { ...model, files });
    };
    const path = await write("pieces", sentencePieceModel());
    const { out } = await importEncoder(path, { out: join(path, "encoder.bin") });
    const encoder = openEncoder(await readFile(out), await loadKernel());
    expect(vectors(encoder, TEXTS)).toEqual(vectors((await imported("xlm-roberta")).encoder, TEXTS));
    const cut = await write("cut-pieces", sentencePieceModel().subarray(0, -3));
    await expect(importEncoder(cut, { out: join(cut, "encoder.bin") })).rejects.toMatchObject({
      code: "BAD_MODEL",
      message: expect.stringMatching(/sentencepiece\.bpe\.model/),
    });
  });
});

describe("a folder that cannot be imported", () => {
  type Change = (model: ReturnType<typeof tinyFolder>) => void;
  const config =
    (fields: object): Change =>
    ({ files }) =>
      Object.assign(files["config.json"] as object, fields);
  const without =
    (name: string): Change =>
    ({ files }) => {
      files[name] = undefined;
    };
  const WORDS = "embeddings.word_embeddings.weight";
  it.each<[string, string, RegExp, Change]>([
    ["an unknown architecture", "MODEL_UNSUPPORTED", /gpt2/, config({ model_type: "gpt2" })],
    ["another activation", "MODEL_UNSUPPORTED", /relu/, config({ hidden_act: "relu" })],
    [
      "relative positions",
      "MODEL_UNSUPPORTED",
      /relative_key/,
      config({ position_embedding_type: "relative_key" }),
    ],
    ["heads that do not fit", "MODEL_UNSUPPORTED", /5 heads/, config({ num_attention_heads: 5 })],
    ["no layer count", "BAD_MODEL", /num_hidden_layers/, config({ num_hidden_layers: "two" })],
    ["more layers than weights", "BAD_MODEL", /encoder\.layer\.2/, config({ num_hidden_layers: 3 })],
    ["another width", "BAD_MODEL", /shape .* 32/, config({ hidden_size: 64 })],
    ["no tokenizer", "MODEL_NOT_FOUND", /no tokenizer/, without("tokenizer.json")],
    ["no configuration", "MODEL_NOT_FOUND", /config\.json/, without("config.json")],
    ["no pooling", "MODEL_NOT_FOUND", /cls or mean/, without("1_Pooling/config.json")],
    [
      "pooling by maxima",
      "MODEL_UNSUPPORTED",
      /max_tokens/,
      ({ files }) => {
        files["1_Pooling/config.json"] = { pooling_mode_max_tokens: true };
      },
    ],
    [
      "pooling by maxima in the folder that modules.json names",
      "MODEL_UNSUPPORTED",
      /2_Pooling\/config\.json has pooling max_tokens/,
      ({ files }) => {
        files["modules.json"] = [{ type: "sentence_transformers.models.Pooling", path: "2_Pooling" }];
        files["2_Pooling/config.json"] = { pooling_mode_max_tokens: true };
      },
    ],
    [
      "a length that is no number",
      "BAD_MODEL",
      /sentence_bert_config\.json has max_seq_length "128"/,
      ({ files }) => {
        files["sentence_bert_config.json"] = { max_seq_length: "128" };
      },
    ],
    [
      "a vocab.txt without the tokens around a text",
      "BAD_MODEL",
      /^vocab\.txt has no token "\[CLS\]"/,
      ({ files }) => {
        files["tokenizer.json"] = undefined;
        files["vocab.txt"] = new TextEncoder().encode("[UNK]\nfox\n");
      },
    ],
    [
      "words of zeros",
      "BAD_MODEL",
      /word_embeddings.* nothing but zeros/,
      ({ tensors }) => void tensors.get(WORDS)!.values.fill(0),
    ],
    [
      "a layer of zeros",
      "BAD_MODEL",
      /encoder\.layer\.1\.output\.dense.* nothing but zeros/,
      ({ tensors }) => void tensors.get("encoder.layer.1.output.dense.weight")!.values.fill(0),
    ],
    [
      "a layer behind pooling",
      "MODEL_UNSUPPORTED",
      /Dense/,
      ({ files }) => {
        files["modules.json"] = [{ type: "sentence_transformers.models.Dense" }];
      },
    ],
    [
      "weights that are not finite",
      "BAD_MODEL",
      /word_embeddings.*NaN at 5/,
      ({ tensors }) => {
        tensors.get(WORDS)!.values[5] = Number.NaN;
      },
    ],
    ["no word embeddings", "BAD_MODEL", /word_embeddings/, ({ tensors }) => void tensors.delete(WORDS)],
    [
      "JSON that is none",
      "BAD_MODEL",
      /not JSON/,
      ({ files }) => void Object.assign(files, { "config.json": "{" }),
    ],
    [
      "a tokenizer of null",
      "BAD_MODEL",
      /tokenizer\.json/,
      ({ files }) => void Object.assign(files, { "tokenizer.json": "null" }),
    ],
    [
      "a score of one byte",
      "BAD_MODEL",
      /score that is not four bytes/,
      ({ files }) => {
        files["tokenizer.json"] = undefined;
        files["sentencepiece.bpe.model"] = Uint8Array.of(10, 3, 18, 1, 0);
      },
    ],
  ])("%s", async (_, code, message, change) => {
    const model = tinyFolder("bert");
    change(model);
    const path = await writeTiny(join(folder, `bad-${written++}`), model);
    await expect(importEncoder(path, { out: join(path, "encoder.bin") })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("weights whose header is null", async () => {
    const path = await writeTiny(join(folder, `bad-${written++}`), tinyFolder("bert"));
    await writeFile(join(path, "model.safetensors"), Buffer.from("\u0004\0\0\0\0\0\0\0null"));
    await expect(importEncoder(path, { out: join(path, "encoder.bin") })).rejects.toMatchObject({
      code: "BAD_MODEL",
      message: expect.stringMatching(/header that is not a JSON object/),
    });
  });
});

describe("an encoder file that is damaged", () => {
  const CODES = [
    "BAD_MAGIC",
    "UNSUPPORTED_VERSION",
    "TRUNCATED",
    "CHECKSUM_MISMATCH",
    "BAD_HEADER",
    "BAD_SECTION",
    "MISSING_SECTION",
    "CORRUPT_EMBEDDER",
  ];
  const codeOf = async (bytes: Uint8Array): Promise<unknown> => {
    const kernel = await loadKernel();
    try {
      openEncoder(bytes, kernel);
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
    return undefined;
  };

  it("is refused wherever it is cut", async () => {
    const { bytes } = await imported("bert");
    for (const length of [0, 7, 8, 63, 64, 500, bytes.length - 1]) {
      expect(await codeOf(bytes.subarray(0, length))).toBe(length < 8 ? "BAD_MAGIC" : "TRUNCATED");
    }
    expect(await codeOf(Buffer.from("PK\u0003\u0004 another file of some kind".repeat(9)))).toBe("BAD_MAGIC");
  });

  it("is named when a build opens it", async () => {
    const { bytes, result } = await imported("bert");
    await writeFile(result.out, bytes.subarray(0, 500));
    await expect(loadEncoder(result.out)).rejects.toMatchObject({
      code: "TRUNCATED",
      message: expect.stringContaining(`${result.out}: The encoder file ends`),
    });
  });

  it("is refused, or the same, whichever bit is turned", async () => {
    const { bytes } = await imported("bert");
    const places = Array.from({ length: 100 }, (_, i) => i).concat(
      Array.from({ length: 60 }, (_, i) => Math.floor((bytes.length * i) / 60)),
    );
    let refused = 0;
    for (const place of places) {
      const damaged = Buffer.from(bytes);
      damaged[place]! ^= 1 << (place % 8);
      const code = await codeOf(damaged);
      if (code === undefined) continue; // bytes between sections, which no reader looks at
      expect(CODES).toContain(code);
      refused++;
    }
    expect(refused).toBeGreaterThan(140);
  });
});

describe("the tokenizer of an encoder", () => {
  const NASTY = [
    "The QUICK brown fox",
    "Café naïve ÀÉÎ über straße",
    "東京 is big, 东京语 too 한국어",
    "a\u0300\u0301\u0302b combining \u0e33",
    "tabs\tand\nlines\r\nand\u00a0blanks\u2003wide\u3000ideographic",
    "\u0000null \u0007bell \u200bzero\u200d width \ufeffbom \u00adsoft",
    "😀 emoji 👩‍👩‍👧‍👦 🇩🇪",
    "don't-stop... (now!) «quoted» “curly” – dash — long",
    `${"a".repeat(100)} ${"b".repeat(101)} end`,
    "ﬁ ligature ½ ² ① ㎏ Ａｆｕｌｌ",
    "x".repeat(3000),
    "the house ".repeat(900),
    "   ",
    "$5 + 3 = 8 ~ ^ ` | <tag>",
  ];

  it.each(["bert", "xlm-roberta"] as const)("finds Hugging Face's tokens: %s", async (kind) => {
    const { encoder } = await imported(kind);
    for (const text of NASTY) {
      const limit = Number.POSITIVE_INFINITY;
      expect([text.slice(0, 40), encoder.countTokens(text)]).toEqual([
        text.slice(0, 40),
        idsOf(kind, text, limit).length,
      ]);
    }
  });

  it.each(["bert", "xlm-roberta"] as const)("gives a finite vector for lone surrogates: %s", async (kind) => {
    const { encoder } = await imported(kind);
    for (const text of ["\ud83d", "a\udc00b", `${"x".repeat(4095)}😀`]) {
      expect(vectors(encoder, [text])[0]!.every(Number.isFinite)).toBe(true);
    }
  });
});
