import { ModelError } from "./errors.ts";
import type { Json } from "./files.ts";
import type { TokenizerParts, VocabularyEntry } from "./tokenizer.ts";

/** The tokenizer of a BERT model that has only a vocab.txt: one token a line, its number the line's. */
export function readVocabularyText(bytes: Uint8Array, settings: Json): TokenizerParts {
  const tokens = new TextDecoder().decode(bytes).split(/\r?\n/);
  if (tokens.at(-1) === "") tokens.pop();
  const lowercase = settings.do_lower_case !== false;
  const unknown = tokens.indexOf("[UNK]");
  return {
    file: "vocab.txt",
    normalise: [
      {
        type: "bert",
        cleanText: true,
        chinese: settings.tokenize_chinese_chars !== false,
        stripAccents: typeof settings.strip_accents === "boolean" ? settings.strip_accents : lowercase,
        lowercase,
      },
    ],
    preTokenise: [{ type: "bert" }],
    vocabulary: tokens.map((token, id) => ({ token, id, score: 0 })),
    model: { type: "wordpiece", continuing: "##", maxCharactersPerWord: 100 },
    unknown,
  };
}

/** Tokens that XLM-R puts before SentencePiece's own, which begin with <unk>, <s> and </s>. */
const FIRST_TOKENS = ["<s>", "<pad>", "</s>", "<unk>"] as const;
const OWN_FIRST_TOKENS = 3;

/**
 * The tokenizer of an XLM-R model that has only a SentencePiece model, a protocol buffer whose field 1 are the pieces.
 *
 * @throws ModelError `BAD_MODEL`, `MODEL_UNSUPPORTED`
 */
export function readSentencePiece(bytes: Uint8Array): TokenizerParts {
  const pieces: { token: string; score: number }[] = [];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1 && field.bytes) pieces.push(readPiece(field.bytes));
    const type = field.number === 2 && field.bytes ? modelType(field.bytes) : 1;
    if (type !== 1) {
      throw new ModelError("MODEL_UNSUPPORTED", "sentencepiece.bpe.model is not a Unigram model.");
    }
  }
  if (pieces.length <= OWN_FIRST_TOKENS) throw bad("has no pieces");
  const vocabulary: VocabularyEntry[] = [
    ...FIRST_TOKENS.map((token) => ({ token, score: 0 })),
    ...pieces.slice(OWN_FIRST_TOKENS),
  ].map((entry, id) => ({ ...entry, id }));
  return {
    file: "sentencepiece.bpe.model",
    normalise: [{ type: "sentencepiece" }, { type: "replace", pattern: " {2,}", regex: true, content: " " }],
    preTokenise: [
      { type: "whitespaceSplit" },
      { type: "metaspace", replacement: "▁", prepend: "always", split: true },
    ],
    vocabulary,
    model: { type: "unigram" },
    unknown: FIRST_TOKENS.indexOf("<unk>"),
  };
}

function readPiece(bytes: Uint8Array): { token: string; score: number } {
  let token = "";
  let score = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1 && field.bytes) token = new TextDecoder().decode(field.bytes);
    if (field.number === 2 && field.bytes) {
      if (field.bytes.length !== 4) throw bad("has a score that is not four bytes");
      score = new DataView(field.bytes.buffer, field.bytes.byteOffset).getFloat32(0, true);
    }
  }
  return { token, score };
}

/** Field 3 of the trainer's settings: 1 is Unigram, which is also meant where nothing is written. */
function modelType(bytes: Uint8Array): number {
  for (const { number, value } of fieldsOf(bytes)) if (number === 3) return value;
  return 1;
}

interface Field {
  readonly number: number;
  readonly value: number;
  /** Length of a field: stated, or four or eight bytes. */
  readonly bytes?: Uint8Array;
}

/** The fields of a message of protocol buffers. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw bad("ends within a number");
  };
  while (at < bytes.length) {
    const tag = varint();
    const kind = tag % 8;
    const number = Math.floor(tag / 8);
    if (kind === 0) {
      yield { number, value: varint() };
      continue;
    }
    const length = kind === 1 ? 8 : kind === 5 ? 4 : kind === 2 ? varint() : -1;
    if (length < 0 || at + length > bytes.length) throw bad("has a field that cannot be");
    yield { number, value: length, bytes: bytes.subarray(at, at + length) };
    at += length;
  }
}

function bad(what: string): ModelError {
  return new ModelError("BAD_MODEL", `sentencepiece.bpe.model ${what}.`);
}
