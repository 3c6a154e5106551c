import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createRandom } from "../../build/numeric/random.ts";

/** A transformer of random weights that a test can write as a Hugging Face folder and compute by hand. */
export const TINY = { hidden: 32, layers: 2, heads: 2, intermediate: 64, positions: 40, buckets: 8 } as const;
export type TinyKind = "bert" | "xlm-roberta" | "mpnet";

export interface TinyTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}
export type TinyTensors = Map<string, TinyTensor>;

const LETTERS = Array.from("abcdefghijklmnopqrstuvwxyz0123456789");

export const WORDPIECES = [
  ..."[PAD] [unused0] [UNK] [CLS] [SEP] [MASK] the quick brown fox un ##aff ##able run ##ning cafe house".split(
    " ",
  ),
  ...LETTERS.flatMap((letter) => [letter, `##${letter}`]),
  ...Array.from(",.!?'-()东京語한é"),
];
export const PIECES = [
  ..."<s> <pad> </s> <unk> ▁ ▁the ▁quick ▁house ning ing ▁run ▁東京 京 ção ▁über".split(" "),
  ...Array.from("abcdefghijklmnopqrstuvwxyzäöüßéабвгд东语!,.?-'1234"),
];

/** The names of a layer's tensors: [attention's, its norm]. */
const ATTENTION = {
  bert: ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"],
  mpnet: ["attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o"],
} as const;

export function layerNames(kind: TinyKind, layer: number) {
  const mpnet = kind === "mpnet";
  const at = `encoder.layer.${layer}.`;
  const [query, key, value, out] = ATTENTION[mpnet ? "mpnet" : "bert"].map((name) => at + name) as [
    string,
    string,
    string,
    string,
  ];
  return {
    query,
    key,
    value,
    out,
    attentionNorm: at + (mpnet ? "attention.LayerNorm" : "attention.output.LayerNorm"),
    up: `${at}intermediate.dense`,
    down: `${at}output.dense`,
    outNorm: `${at}output.LayerNorm`,
  };
}

export function tinyTensors(kind: TinyKind, vocabulary: number): TinyTensors {
  const random = createRandom(7);
  const tensors: TinyTensors = new Map();
  const add = (name: string, scale: number, middle: number, ...shape: number[]): void => {
    const count = shape.reduce((product, n) => product * n, 1);
    // The sum of three is near enough to a bell curve.
    const values = Float32Array.from(
      { length: count },
      () => middle + scale * (random() + random() + random() - 1.5),
    );
    tensors.set(name, { shape, values });
  };
  const { hidden, intermediate, positions } = TINY;
  const linear = (name: string, rows: number, columns: number): void => {
    add(`${name}.weight`, 0.3, 0, rows, columns);
    add(`${name}.bias`, 0.1, 0, rows);
  };
  const norm = (name: string): void => {
    add(`${name}.weight`, 0.2, 1, hidden);
    add(`${name}.bias`, 0.2, 0, hidden);
  };
  add("embeddings.word_embeddings.weight", 1, 0, vocabulary, hidden);
  add("embeddings.position_embeddings.weight", 0.3, 0, positions, hidden);
  if (kind !== "mpnet") add("embeddings.token_type_embeddings.weight", 0.3, 0, 2, hidden);
  norm("embeddings.LayerNorm");
  if (kind === "mpnet") add("encoder.relative_attention_bias.weight", 1, 0, TINY.buckets, TINY.heads);
  for (let layer = 0; layer < TINY.layers; layer++) {
    const names = layerNames(kind, layer);
    for (const name of [names.query, names.key, names.value, names.out]) linear(name, hidden, hidden);
    linear(names.up, intermediate, hidden);
    linear(names.down, hidden, intermediate);
    norm(names.attentionNorm);
    norm(names.outNorm);
  }
  return tensors;
}

export function tinyConfig(kind: TinyKind): Record<string, unknown> {
  return {
    model_type: kind,
    hidden_act: "gelu",
    hidden_size: TINY.hidden,
    num_hidden_layers: TINY.layers,
    num_attention_heads: TINY.heads,
    intermediate_size: TINY.intermediate,
    layer_norm_eps: 1e-6,
    pad_token_id: kind === "bert" ? 0 : 1,
    ...(kind === "mpnet" && { relative_attention_num_buckets: TINY.buckets }),
  };
}

/** `tokenizer.json` of a WordPiece model. */
export const wordPieceOf = (vocabulary: readonly string[]) => ({
  version: "1.0",
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  added_tokens: [],
  post_processor: null,
  decoder: null,
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
  },
});

export const wordPieceTokenizer = wordPieceOf(WORDPIECES);

export const unigramTokenizer = {
  version: "1.0",
  normalizer: { type: "Precompiled", precompiled_charsmap: "" },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "WhitespaceSplit" },
      { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    ],
  },
  added_tokens: [],
  post_processor: null,
  decoder: null,
  model: {
    type: "Unigram",
    unk_id: 3,
    vocab: PIECES.map((piece, i) => [piece, i < 4 ? 0 : -3 - i / 8]),
  },
} as const;

/** The pieces as SentencePiece's own file has them: a protocol buffer without XLM-R's own order of the first tokens. */
export function sentencePieceModel(): Uint8Array {
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
  const field = (number: number, bytes: ArrayLike<number>): number[] => [
    8 * number + 2,
    ...varint(bytes.length),
    ...Array.from(bytes),
  ];
  const pieces = [
    ...["<unk>", "<s>", "</s>"].map((piece): [string, number] => [piece, 0]),
    ...unigramTokenizer.model.vocab
      .slice(4)
      .map(([piece, score]): [string, number] => [String(piece), Number(score)]),
  ];
  const encoded = pieces.flatMap(([piece, score]) => {
    const four = new Uint8Array(Float32Array.of(score).buffer);
    return field(1, [...field(1, Buffer.from(piece)), 8 * 2 + 5, ...four]);
  });
  // The trainer's settings: model_type 1 is Unigram.
  return Uint8Array.from([...encoded, ...field(2, [8 * 3, 1])]);
}

export type TinyType = "F32" | "F16" | "BF16";

/** Bytes of numbers; narrower ones must be exact in their type. */
function numbersAs(type: TinyType, values: Float32Array): Uint8Array {
  if (type === "F32") return new Uint8Array(values.buffer);
  const floats = new DataView(values.buffer);
  const halves = Uint16Array.from(values, (_, i) => {
    const bits = floats.getUint32(4 * i, true);
    if (type === "BF16") return bits >>> 16;
    const exponent = ((bits >>> 23) & 255) - 112;
    return exponent <= 0 ? 0 : ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 1023);
  });
  return new Uint8Array(halves.buffer);
}

export function encodeSafetensors(tensors: TinyTensors, type: TinyType = "F32"): Uint8Array {
  const header: Record<string, unknown> = {};
  let at = 0;
  const data: Uint8Array[] = [];
  for (const [name, { shape, values }] of tensors) {
    const bytes = numbersAs(type, values);
    header[name] = { dtype: type, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
    data.push(bytes);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...data]);
}

export interface TinyFolder {
  readonly tensors: TinyTensors;
  readonly files: Record<string, unknown>;
}

/** The files of a tiny model, as values: change them, then {@link writeTiny}. */
export function tinyFolder(kind: TinyKind, pooling: "cls" | "mean" = "mean"): TinyFolder {
  const unigram = kind === "xlm-roberta";
  return {
    tensors: tinyTensors(kind, unigram ? PIECES.length : WORDPIECES.length),
    files: {
      "config.json": tinyConfig(kind),
      "tokenizer.json": unigram ? unigramTokenizer : wordPieceTokenizer,
      "1_Pooling/config.json": {
        pooling_mode_cls_token: pooling === "cls",
        pooling_mode_mean_tokens: pooling === "mean",
      },
      "sentence_bert_config.json": { max_seq_length: 32 },
    },
  };
}

/** Writes JSON files and weights; a file that is undefined is left out. */
export async function writeTiny(
  path: string,
  { tensors, files }: TinyFolder,
  type: TinyType = "F32",
): Promise<string> {
  await mkdir(path, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    if (content !== undefined) {
      const plain = typeof content === "string" || content instanceof Uint8Array;
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), plain ? content : JSON.stringify(content));
    }
  }
  await writeFile(join(path, "model.safetensors"), encodeSafetensors(tensors, type));
  return path;
}
