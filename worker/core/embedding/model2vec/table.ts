import { ArtifactError } from "../../format/errors.ts";
import { jsonOf } from "../../format/json.ts";
import type { Normaliser, PreTokeniser } from "./normalise.ts";

/**
 * A model2vec model as an artifact carries it, little-endian: `M2VT`; u32 length of the JSON that follows, padded with
 * blanks to 8 together with these 8 bytes; then, token by token in the order of their two hashes: u32 first hash, u32
 * second hash, u32 row, f32 scale (the row's times the token's weight), and for Unigram f64 score, arrays one after the
 * other with the f64 first; then the rows, int8.
 */
export interface Model2VecHeader {
  readonly version: 1;
  readonly dim: number;
  readonly tokens: number;
  readonly rows: number;
  readonly normalise: readonly Normaliser[];
  readonly preTokenise: readonly PreTokeniser[];
  readonly model: WordPiece | Unigram;
  /** Whether vectors are scaled to unit length; otherwise they are means. */
  readonly unit: boolean;
  /** Tokens of a text that count, as in model2vec itself. */
  readonly maxTokens: number;
  /** Characters of a text that are looked at. */
  readonly maxCharacters: number;
}

export interface WordPiece {
  readonly type: "wordpiece";
  /** Put before pieces within a word: `##`. */
  readonly continuing: string;
  readonly maxCharactersPerWord: number;
  /** Position of the unknown token; absent: words that cannot be cut into pieces do not count. */
  readonly unknown?: number;
}

export interface Unigram {
  readonly type: "unigram";
  /** Code units of the longest piece. */
  readonly longest: number;
  /** Score of a character that no piece holds. */
  readonly unknownScore: number;
  /** Position of the unknown token in this table; -1: it does not count. */
  readonly unknown: number;
}

/** A vocabulary, known by two hashes of each token, and how a text becomes tokens of it. */
export interface TokenIndex {
  readonly normalise: readonly Normaliser[];
  readonly preTokenise: readonly PreTokeniser[];
  readonly model: WordPiece | Unigram;
  /** Ascending, together with `second`. */
  readonly first: Uint32Array;
  readonly second: Uint32Array;
  /** Empty for WordPiece. */
  readonly scores: Float32Array | Float64Array;
}

export interface Model2VecTable extends Model2VecHeader, TokenIndex {
  readonly rowOf: Uint32Array;
  readonly scales: Float32Array;
  readonly scores: Float64Array;
  readonly codes: Int8Array;
}

export const MODEL2VEC_MAGIC = [0x4d, 0x32, 0x56, 0x54] as const;
const MAX_HEADER_BYTES = 1 << 20;
const MAX_TOKENS = 1 << 24;
const MAX_DIMENSIONS = 4096;

/** Whether bytes begin as a model2vec table does. */
export function isModel2VecTable(bytes: Uint8Array): boolean {
  return MODEL2VEC_MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * Opens a table over `bytes`, trusting none of them. O(tokens); nothing is copied when the bytes are 8-byte aligned.
 *
 * @throws ArtifactError `CORRUPT_EMBEDDER`
 */
export function openModel2VecTable(source: Uint8Array): Model2VecTable {
  const bytes = source.byteOffset % 8 === 0 ? source : source.slice();
  if (bytes.byteLength < 8 || !isModel2VecTable(bytes)) throw corrupt("it does not begin with M2VT");
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  if (headerBytes % 8 !== 0 || headerBytes > MAX_HEADER_BYTES || 8 + headerBytes > bytes.byteLength) {
    throw corrupt(`its header claims ${headerBytes} bytes`);
  }
  const header = readHeader(bytes.subarray(8, 8 + headerBytes));
  const { dim, tokens, rows, model } = header;
  const nScores = model.type === "unigram" ? tokens : 0;
  let at = 8 + headerBytes;
  const expected = at + 8 * nScores + 16 * tokens + dim * rows;
  if (bytes.byteLength !== expected) {
    throw corrupt(`it has ${bytes.byteLength} bytes; ${tokens} tokens and ${rows} rows take ${expected}`);
  }
  const take = (length: number): number => {
    const start = bytes.byteOffset + at;
    at += length;
    return start;
  };
  const scores = new Float64Array(bytes.buffer, take(8 * nScores), nScores);
  const table: Model2VecTable = {
    ...header,
    scores,
    first: new Uint32Array(bytes.buffer, take(4 * tokens), tokens),
    second: new Uint32Array(bytes.buffer, take(4 * tokens), tokens),
    rowOf: new Uint32Array(bytes.buffer, take(4 * tokens), tokens),
    scales: new Float32Array(bytes.buffer, take(4 * tokens), tokens),
    codes: new Int8Array(bytes.buffer, take(dim * rows), dim * rows),
  };
  checkContents(table);
  return table;
}

function checkContents(table: Model2VecTable): void {
  const { rowOf, scales, scores, rows } = table;
  const stray = rowOf.findIndex((row) => row >= rows);
  if (stray >= 0) throw corrupt(`token ${stray} names row ${rowOf[stray]} of ${rows}`);
  checkHashes(table);
  if (!scales.every(Number.isFinite) || !scores.every(Number.isFinite)) {
    throw corrupt("a scale or score is not a finite number");
  }
}

/** @throws ArtifactError `CORRUPT_EMBEDDER` when the hashes of tokens are not ascending */
export function checkHashes({ first, second }: Pick<TokenIndex, "first" | "second">): void {
  for (let i = 1; i < first.length; i++) {
    const ascending = first[i]! > first[i - 1]! || (first[i] === first[i - 1] && second[i]! > second[i - 1]!);
    if (!ascending) throw corrupt(`the hashes of token ${i} are not above those of the one before`);
  }
}

function readHeader(bytes: Uint8Array): Model2VecHeader {
  const json = jsonOf(bytes, (cause) => corrupt("its header is not JSON", cause));
  if (typeof json !== "object" || json === null) throw corrupt("its header is not a JSON object");
  const header = json as Record<string, unknown>;
  if (header.version !== 1) throw corrupt(`it has version ${String(header.version)}, not 1`);
  count(header, "dim", 1, MAX_DIMENSIONS);
  count(header, "tokens", 1, MAX_TOKENS);
  count(header, "rows", 1, MAX_TOKENS);
  count(header, "maxTokens", 1, 1 << 20);
  count(header, "maxCharacters", 1, 1 << 24);
  checkTokenizer(header, header.tokens as number);
  // Every field that decides a size or an index has been checked above.
  return header as unknown as Model2VecHeader;
}

/**
 * Checks what of a header or configuration makes a {@link TokenIndex} of `tokens` tokens.
 *
 * @throws ArtifactError `CORRUPT_EMBEDDER`
 */
export function checkTokenizer(header: Readonly<Record<string, unknown>>, tokens: number): void {
  const model = (header.model ?? {}) as Record<string, unknown>;
  if (model.type === "wordpiece") {
    count(model, "maxCharactersPerWord", 1, 1 << 16);
    if (model.unknown !== undefined) count(model, "unknown", 0, tokens - 1);
    if (typeof model.continuing !== "string") throw corrupt("it does not say how words go on");
  } else if (model.type === "unigram") {
    count(model, "longest", 1, 1 << 10);
    count(model, "unknown", -1, tokens - 1);
    if (!Number.isFinite(model.unknownScore))
      throw corrupt("it does not say what an unknown character costs");
  } else {
    throw corrupt(`it has a model of type ${String(model.type)}`);
  }
  if (!areSteps(header.normalise, NORMALISERS) || !areSteps(header.preTokenise, PRE_TOKENISERS)) {
    throw corrupt("it has steps that this reader does not know");
  }
}

const NORMALISERS: readonly Normaliser["type"][] = [
  "bert",
  "unicode",
  "sentencepiece",
  "lowercase",
  "stripAccents",
  "strip",
  "replace",
  "prepend",
];
const PRE_TOKENISERS: readonly PreTokeniser["type"][] = [
  "bert",
  "whitespace",
  "whitespaceSplit",
  "metaspace",
];
const FORMS = ["NFC", "NFD", "NFKC", "NFKD"];

function areSteps(steps: unknown, known: readonly string[]): boolean {
  return (
    Array.isArray(steps) &&
    steps.length <= 16 &&
    steps.every((step: Record<string, unknown> | null) => {
      if (!known.includes(String(step?.type))) return false;
      if (step?.type === "unicode") return FORMS.includes(String(step.form));
      if (step?.type === "replace") return typeof step.content === "string" && isPattern(step);
      if (step?.type === "prepend") return typeof step.content === "string";
      if (step?.type === "metaspace") return typeof step.replacement === "string" && step.replacement !== "";
      return true;
    })
  );
}

/** A pattern that cannot be compiled, or that could take more than linear time, is refused. */
function isPattern({ pattern, regex }: Record<string, unknown>): boolean {
  if (typeof pattern !== "string" || pattern === "") return false;
  if (!regex) return true;
  try {
    new RegExp(pattern, "gu");
    return pattern.length <= 100 && (pattern.match(/(?<!\\)[*+{]/g) ?? []).length <= 1;
  } catch {
    return false;
  }
}

function count(from: Record<string, unknown>, field: string, least: number, most: number): void {
  const value = from[field];
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    throw corrupt(`it claims ${String(value)} for ${field}`);
  }
}

function corrupt(what: string, cause?: unknown): ArtifactError {
  return new ArtifactError("CORRUPT_EMBEDDER", `The embedder is damaged: ${what}.`, { cause });
}
