import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeOnnx, type TinyEncoder } from "./onnx.ts";

const TOKENS = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "pizza",
  "car",
  "##s",
  "dog",
  "query",
  "a",
  "small",
] as const;
export type Token = (typeof TOKENS)[number];

const WIDTH = 6;
/** Tokens of a text, the two special ones included. */
export const MAX_TOKENS = 12;

export const ENCODER: TinyEncoder = {
  words: TOKENS.map((_, id) => Array.from({ length: WIDTH }, (__, i) => Math.sin(1 + id * WIDTH + i))),
  types: [0, 1].map((type) => Array.from({ length: WIDTH }, (_, i) => Math.cos(type * WIDTH + i) / 4)),
};

export function idsOf(...tokens: readonly Token[]): number[] {
  return tokens.map((token) => TOKENS.indexOf(token));
}

/** Writes the folder of a sentence encoder as the hub has it. */
export async function writeModel(folder: string): Promise<void> {
  const json = (name: string, value: object) => writeFile(join(folder, name), JSON.stringify(value));
  await mkdir(join(folder, "onnx"), { recursive: true });
  await json("config.json", { model_type: "bert", architectures: ["BertModel"], hidden_size: WIDTH });
  await json("tokenizer_config.json", {
    tokenizer_class: "BertTokenizer",
    model_max_length: MAX_TOKENS,
    pad_token: "[PAD]",
    unk_token: "[UNK]",
    cls_token: "[CLS]",
    sep_token: "[SEP]",
  });
  const special = (content: Token) => ({ id: TOKENS.indexOf(content), content, special: true });
  await json("tokenizer.json", {
    version: "1.0",
    added_tokens: (["[PAD]", "[UNK]", "[CLS]", "[SEP]"] as const).map((content) => ({
      ...special(content),
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [
        { SpecialToken: { id: "[CLS]", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "[SEP]", type_id: 0 } },
      ],
      pair: [],
      special_tokens: Object.fromEntries(
        (["[CLS]", "[SEP]"] as const).map((token) => [
          token,
          { id: token, ids: [TOKENS.indexOf(token)], tokens: [token] },
        ]),
      ),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(TOKENS.map((token, id) => [token, id])),
    },
  });
  await writeFile(join(folder, "onnx", "model.onnx"), encodeOnnx(ENCODER));
}
