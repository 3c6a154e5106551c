import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ModelError } from "../model/errors.ts";
import { type Json, parseModelFile, readModelFile } from "../model/files.ts";
import { readTokenizer, type TokenizerParts } from "../model/tokenizer.ts";
import { readSentencePiece, readVocabularyText } from "../model/tokenizer-files.ts";

/** Description of a sentence encoder in a Hugging Face folder, beside its weights. */
export interface ModelFolder {
  readonly name: string;
  readonly config: Json;
  readonly tokenizer: TokenizerParts;
  /** The tokens before and behind every text. */
  readonly start: string;
  readonly end: string;
  readonly pooling: "cls" | "mean";
  readonly normalized: boolean;
  /** Undefined when no file says so. */
  readonly maxTokens: number | undefined;
  readonly queryPrefix: string;
  readonly documentPrefix: string;
  /** Bytes of model.safetensors. */
  readonly weights: Uint8Array;
}

/** Settings for what the files leave open. */
export interface FolderOptions {
  /** Default: the folder's name. */
  readonly name?: string | undefined;
  readonly pooling?: "cls" | "mean" | undefined;
  readonly queryPrefix?: string | undefined;
  readonly documentPrefix?: string | undefined;
}

/**
 * Reads the files of a model.
 *
 * @throws ModelError `MODEL_NOT_FOUND`, `BAD_MODEL`, `MODEL_UNSUPPORTED`
 */
export async function readFolder(path: string, options: FolderOptions = {}): Promise<ModelFolder> {
  const folder = resolve(path);
  const config = await need(folder, "config.json");
  const modules = await read(folder, "modules.json");
  const sentence = (await read(folder, "sentence_bert_config.json")) ?? {};
  const special = (await read(folder, "special_tokens_map.json")) ?? {};
  const settings = (await read(folder, "tokenizer_config.json")) ?? {};
  const tokenizer = await findTokenizer(folder, settings);
  const prompts = ((await read(folder, "config_sentence_transformers.json"))?.prompts ?? {}) as Json;
  const name = options.name ?? basename(folder);
  const known = knownPrefixes(`${name} ${String(config._name_or_path)}`);
  const wordpiece = tokenizer.model.type === "wordpiece";
  const token = (field: string, fallback: string): string => {
    const value = special[field] ?? settings[field];
    const text = typeof value === "object" && value !== null ? (value as Json).content : value;
    return typeof text === "string" ? text : fallback;
  };
  return {
    name,
    config,
    tokenizer,
    start: token("cls_token", wordpiece ? "[CLS]" : "<s>"),
    end: token("sep_token", wordpiece ? "[SEP]" : "</s>"),
    pooling: options.pooling ?? (await readPooling(folder, poolingFolder(modules))),
    normalized: isNormalized(modules),
    maxTokens: maxTokensOf(sentence, settings),
    queryPrefix: options.queryPrefix ?? firstText(prompts.query) ?? known.query,
    documentPrefix: options.documentPrefix ?? firstText(prompts.passage, prompts.document) ?? known.document,
    weights: await readModelFile(folder, "model.safetensors"),
  };
}

const SEARCHING = "Represent this sentence for searching relevant passages: ";

/** Prefixes that model cards state and no file of the model has. */
function knownPrefixes(name: string): { query: string; document: string } {
  if (/\bbge-(?:small|base|large)-en\b/i.test(name) || /arctic-embed/i.test(name)) {
    return { query: SEARCHING, document: "" };
  }
  if (/(?:^|[\s/-])e5-(?:small|base|large)/i.test(name)) return { query: "query: ", document: "passage: " };
  return { query: "", document: "" };
}

const TOKENIZER_FILES = ["tokenizer.json", "vocab.txt", "sentencepiece.bpe.model"] as const;

/** The tokenizer by the first of its files that is there. */
async function findTokenizer(folder: string, settings: Json): Promise<TokenizerParts> {
  const [json, vocabulary, pieces] = await Promise.all(
    TOKENIZER_FILES.map((name) => readFile(join(folder, name)).catch(() => undefined)),
  );
  if (json) return readTokenizer(json);
  if (vocabulary) return readVocabularyText(vocabulary, settings);
  if (pieces) return readSentencePiece(pieces);
  throw new ModelError(
    "MODEL_NOT_FOUND",
    `${folder} has no tokenizer: none of ${TOKENIZER_FILES.join(", ")} can be read.`,
  );
}

/** The folder of the pooling module, as modules.json names it. */
function poolingFolder(modules: Json | undefined): string {
  const list: readonly Json[] = Array.isArray(modules) ? modules : [];
  const path = list.find((module) => lastName(module) === "Pooling")?.path;
  return typeof path === "string" && path !== "" ? path : "1_Pooling";
}

async function readPooling(folder: string, inside: string): Promise<"cls" | "mean"> {
  const file = `${inside}/config.json`;
  const pooling = await read(folder, file);
  if (!pooling) {
    throw new ModelError(
      "MODEL_NOT_FOUND",
      `${join(folder, file)} cannot be read, so the pooling is not known. Name it: cls or mean.`,
    );
  }
  const modes = Object.entries(pooling)
    .filter(([field, value]) => field.startsWith("pooling_mode_") && value === true)
    .map(([field]) => field.slice("pooling_mode_".length));
  const mode = typeof pooling.pooling_mode === "string" ? pooling.pooling_mode : modes.join(" and ");
  if (mode === "cls_token" || mode === "cls") return "cls";
  if (mode === "mean_tokens" || mode === "mean") return "mean";
  throw new ModelError("MODEL_UNSUPPORTED", `${file} has pooling ${mode}; cls and mean are known.`);
}

/** Whether the model scales its vectors to unit length. @throws ModelError when it does anything else behind pooling */
function isNormalized(modules: Json | undefined): boolean {
  if (!Array.isArray(modules)) return true;
  const types = modules.map(lastName);
  const other = types.find((type) => !["Transformer", "Pooling", "Normalize"].includes(type));
  if (other !== undefined) {
    throw new ModelError(
      "MODEL_UNSUPPORTED",
      `modules.json has a module ${other}, which cannot be imported.`,
    );
  }
  return types.includes("Normalize");
}

/** Name of a module's class, without those of the packages that hold it. */
function lastName(module: Json): string {
  return String(module?.type).split(".").at(-1) ?? "";
}

/** The bound of the sentence model, else of its tokenizer; null stands for none. */
function maxTokensOf(sentence: Json, settings: Json): number | undefined {
  const bounds = [
    ["sentence_bert_config.json", "max_seq_length", sentence.max_seq_length],
    ["tokenizer_config.json", "model_max_length", settings.model_max_length],
  ] as const;
  for (const [file, field, value] of bounds) {
    if (value === undefined || value === null) continue;
    if (typeof value !== "number" || !Number.isInteger(value) || value <= 2) {
      const given = JSON.stringify(value);
      throw new ModelError("BAD_MODEL", `${file} has ${field} ${given}; a whole number above 2 is needed.`);
    }
    // Tokenizers without a bound have one of 10^30.
    if (value < 1e6) return value;
  }
  return undefined;
}

function firstText(...values: readonly unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === "string");
}

async function need(folder: string, name: string): Promise<Json> {
  return objectIn(await readModelFile(folder, name), name);
}

async function read(folder: string, name: string): Promise<Json | undefined> {
  const bytes = await readFile(join(folder, name)).catch(() => undefined);
  return bytes && objectIn(bytes, name);
}

function objectIn(bytes: Uint8Array, name: string): Json {
  const json = parseModelFile(bytes, name);
  if (typeof json === "object" && json !== null) return json as Json;
  throw new ModelError("BAD_MODEL", `${name} is not a JSON object.`);
}
