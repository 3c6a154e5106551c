import {
  MODEL2VEC_MAGIC,
  type Model2VecHeader,
  type Unigram,
} from "../../../worker/core/embedding/model2vec/table.ts";
import { median } from "../../numeric/statistics.ts";
import { ModelError } from "../model/errors.ts";
import { type HashedEntry, orderByHash, UNKNOWN_PENALTY } from "../model/order.ts";
import type { Tensor } from "../model/safetensors.ts";
import type { TokenizerParts, VocabularyEntry } from "../model/tokenizer.ts";
import { quantiseRows } from "../quantise.ts";

/** Tokens of a text that count, as `StaticModel.encode` of model2vec has it. */
const MAX_TOKENS = 512;

/**
 * A model2vec model as the bytes that an artifact carries: rows in int8 with a scale each, tokens by their hashes.
 *
 * @throws ModelError
 */
export function encodeModel2Vec(
  tokenizer: TokenizerParts,
  tensors: ReadonlyMap<string, Tensor>,
  unit: boolean,
): Uint8Array {
  const embeddings = tensors.get("embeddings");
  if (embeddings?.shape.length !== 2) {
    throw new ModelError("BAD_MODEL", "model.safetensors has no tensor embeddings of two dimensions.");
  }
  const [rows, dim] = embeddings.shape as [number, number];
  if (rows === 0 || dim === 0 || dim > 4096)
    throw new ModelError("BAD_MODEL", `Embeddings of ${rows} x ${dim}.`);
  const { codes, scales: rowScales } = quantiseRows(embeddings.values, 8, dim);
  const bad = rowScales.findIndex((scale) => !Number.isFinite(scale));
  if (bad >= 0) throw new ModelError("BAD_MODEL", `Row ${bad} of the embeddings is not finite.`);
  const entries = orderByHash(wanted(tokenizer), tokenizer.file);
  const n = entries.length;
  const scores = new Float64Array(tokenizer.model.type === "unigram" ? n : 0);
  const first = new Uint32Array(n);
  const second = new Uint32Array(n);
  const rowOf = new Uint32Array(n);
  const scales = new Float32Array(n);
  const weights = tensors.get("weights")?.values;
  const mapping = tensors.get("mapping")?.values;
  for (const [i, entry] of entries.entries()) {
    const row = mapping?.[entry.id] ?? entry.id;
    if (!(row < rows)) {
      throw new ModelError(
        "BAD_MODEL",
        `The token ${JSON.stringify(entry.token)} has the row ${row} of ${rows}.`,
      );
    }
    first[i] = entry.hash1;
    second[i] = entry.hash2;
    rowOf[i] = row;
    scales[i] = rowScales[row]! * (weights?.[entry.id] ?? 1);
    if (scores.length > 0) scores[i] = entry.score;
  }
  const header: Model2VecHeader = {
    version: 1,
    dim,
    tokens: n,
    rows,
    normalise: tokenizer.normalise,
    preTokenise: tokenizer.preTokenise,
    model: tokenizer.model.type === "unigram" ? unigramOf(entries, tokenizer.unknown) : tokenizer.model,
    unit,
    maxTokens: MAX_TOKENS,
    maxCharacters: MAX_TOKENS * medianLength(tokenizer.vocabulary),
  };
  return join(header, [scores, first, second, rowOf, scales, codes]);
}

/** model2vec leaves unknown words out where the tokenizer names a token for them; Unigram has a number instead. */
function wanted({ vocabulary, model, unknown }: TokenizerParts): readonly VocabularyEntry[] {
  return model.type === "wordpiece" ? vocabulary.filter(({ id }) => id !== unknown) : vocabulary;
}

function unigramOf(entries: readonly HashedEntry[], unknown: number): Unigram {
  return {
    type: "unigram",
    longest: Math.min(1024, Math.max(...entries.map(({ token }) => token.length), 1)),
    unknownScore: Math.min(...entries.map(({ score }) => score)) - UNKNOWN_PENALTY,
    unknown: entries.findIndex(({ id }) => id === unknown),
  };
}

/** As model2vec has it: the upper median of the tokens' lengths, rounded down. */
function medianLength(vocabulary: readonly VocabularyEntry[]): number {
  return Math.max(1, Math.floor(median(vocabulary.map(({ token }) => Array.from(token).length))));
}

function join(header: Model2VecHeader, parts: readonly ArrayBufferView[]): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const size = 8 + headerBytes + parts.reduce((total, part) => total + part.byteLength, 0);
  const bytes = new Uint8Array(size);
  bytes.set(MODEL2VEC_MAGIC);
  new DataView(bytes.buffer).setUint32(4, headerBytes, true);
  bytes.fill(0x20, 8, 8 + headerBytes);
  bytes.set(text, 8);
  let at = 8 + headerBytes;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return bytes;
}
