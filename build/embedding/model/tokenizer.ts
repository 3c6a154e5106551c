import type { Normaliser, PreTokeniser } from "../../../worker/core/embedding/model2vec/normalise.ts";
import { ModelError } from "./errors.ts";
import { type Json, parseModelFile } from "./files.ts";

/** Fields of a tokenizer.json that decide the tokens of a text. */
export interface TokenizerParts {
  /** File that was read. */
  readonly file: string;
  readonly normalise: readonly Normaliser[];
  readonly preTokenise: readonly PreTokeniser[];
  readonly vocabulary: readonly VocabularyEntry[];
  readonly model:
    | { readonly type: "wordpiece"; readonly continuing: string; readonly maxCharactersPerWord: number }
    | { readonly type: "unigram" };
  /** Id of the unknown token; -1 when there is none. */
  readonly unknown: number;
}

export interface VocabularyEntry {
  readonly token: string;
  readonly id: number;
  /** Logarithm of the piece's probability; 0 for WordPiece. */
  readonly score: number;
}

/**
 * Reads a tokenizer.json of Hugging Face's tokenizers. SentencePiece's compiled character map, which only Unigram
 * models have, is taken for NFKC with SentencePiece's rules for blanks, as it is but for a few rare characters.
 *
 * @throws ModelError `MODEL_UNSUPPORTED` naming the part that is not known, `BAD_MODEL`
 */
export function readTokenizer(bytes: Uint8Array): TokenizerParts {
  const json = object(parseModelFile(bytes, "tokenizer.json"), "fields");
  const model = object(json.model, "model");
  const parts = {
    file: "tokenizer.json",
    normalise: list(json.normalizer, "normalizers").flatMap(toNormaliser),
    preTokenise: list(json.pre_tokenizer, "pretokenizers").flatMap(toPreTokeniser),
  };
  switch (model.type ?? (Array.isArray(model.vocab) ? "Unigram" : "WordPiece")) {
    case "WordPiece":
      return { ...parts, ...wordPiece(model) };
    case "Unigram":
      return { ...parts, ...unigram(model) };
    default:
      throw unsupported("model", model.type);
  }
}

function wordPiece(model: Json): Pick<TokenizerParts, "model" | "vocabulary" | "unknown"> {
  const vocab = object(model.vocab, "model.vocab");
  const vocabulary = Object.entries(vocab).map(([token, id]) => ({ token, id: whole(id, token), score: 0 }));
  const unknown = vocab[String(model.unk_token)];
  return {
    vocabulary,
    unknown: typeof unknown === "number" ? unknown : -1,
    model: {
      type: "wordpiece",
      continuing:
        typeof model.continuing_subword_prefix === "string" ? model.continuing_subword_prefix : "##",
      maxCharactersPerWord:
        typeof model.max_input_chars_per_word === "number" ? model.max_input_chars_per_word : 100,
    },
  };
}

function unigram(model: Json): Pick<TokenizerParts, "model" | "vocabulary" | "unknown"> {
  if (model.byte_fallback === true) throw unsupported("model", "Unigram with byte_fallback");
  if (!Array.isArray(model.vocab)) throw new ModelError("BAD_MODEL", "tokenizer.json has no list of pieces.");
  const vocabulary = model.vocab.map((entry: unknown, id): VocabularyEntry => {
    const [token, score] = Array.isArray(entry) ? entry : [];
    if (typeof token !== "string" || typeof score !== "number" || !Number.isFinite(score)) {
      throw new ModelError("BAD_MODEL", `tokenizer.json has a piece ${id} that is not a text with a score.`);
    }
    return { token, id, score };
  });
  return {
    vocabulary,
    unknown: typeof model.unk_id === "number" ? model.unk_id : -1,
    model: { type: "unigram" },
  };
}

/** A component, those of a sequence, or none. */
function list(component: unknown, inside: string): Json[] {
  if (component === null || component === undefined) return [];
  const json = object(component, inside);
  if (json.type !== "Sequence") return [json];
  const parts = json[inside];
  return Array.isArray(parts) ? parts.flatMap((part) => list(part, inside)) : [];
}

function toNormaliser(json: Json): Normaliser[] {
  switch (json.type) {
    case "BertNormalizer": {
      const lowercase = json.lowercase !== false;
      return [
        {
          type: "bert",
          cleanText: json.clean_text !== false,
          chinese: json.handle_chinese_chars !== false,
          stripAccents: typeof json.strip_accents === "boolean" ? json.strip_accents : lowercase,
          lowercase,
        },
      ];
    }
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return [{ type: "unicode", form: json.type }];
    case "Precompiled":
    case "Nmt":
      return [{ type: "sentencepiece" }];
    case "Lowercase":
      return [{ type: "lowercase" }];
    case "StripAccents":
      return [{ type: "stripAccents" }];
    case "Strip":
      return [{ type: "strip", left: json.strip_left !== false, right: json.strip_right !== false }];
    case "Prepend":
      return [{ type: "prepend", content: String(json.prepend) }];
    case "Replace": {
      const { String: literal, Regex: regex } = object(json.pattern, "pattern");
      const pattern = regex ?? literal;
      if (typeof pattern !== "string" || typeof json.content !== "string")
        throw unsupported("normalizer", "Replace");
      return [{ type: "replace", pattern, regex: regex !== undefined, content: json.content }];
    }
    default:
      throw unsupported("normalizer", json.type);
  }
}

function toPreTokeniser(json: Json): PreTokeniser[] {
  switch (json.type) {
    case "BertPreTokenizer":
      return [{ type: "bert" }];
    case "Whitespace":
      return [{ type: "whitespace" }];
    case "WhitespaceSplit":
      return [{ type: "whitespaceSplit" }];
    case "Metaspace": {
      const scheme = json.prepend_scheme ?? (json.add_prefix_space === false ? "never" : "always");
      if (scheme !== "always" && scheme !== "first" && scheme !== "never")
        throw unsupported("pre_tokenizer", scheme);
      const replacement = typeof json.replacement === "string" ? json.replacement : "▁";
      return [{ type: "metaspace", replacement, prepend: scheme, split: json.split !== false }];
    }
    default:
      throw unsupported("pre_tokenizer", json.type);
  }
}

function object(value: unknown, what: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new ModelError("BAD_MODEL", `tokenizer.json has no ${what}.`);
}

function whole(id: unknown, token: string): number {
  if (typeof id === "number" && Number.isInteger(id) && id >= 0) return id;
  throw new ModelError("BAD_MODEL", `tokenizer.json gives ${JSON.stringify(token)} no number.`);
}

function unsupported(part: string, type: unknown): ModelError {
  return new ModelError(
    "MODEL_UNSUPPORTED",
    `tokenizer.json has a ${part} of type ${String(type)}, which is not known here.`,
  );
}
