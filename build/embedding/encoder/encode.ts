import { createHash } from "node:crypto";
import type { EncoderConfig } from "../../../worker/core/embedding/encoder/config.ts";
import { type EncoderSection, encodeEncoder, layerShape } from "../../../worker/core/format/encoder.ts";
import { ModelError } from "../model/errors.ts";
import { readSafetensors } from "../model/safetensors.ts";
import { packMatrix, quantiseRows } from "../quantise.ts";
import { type Architecture, type Checkpoint, openCheckpoint, readArchitecture } from "./architecture.ts";
import type { ModelFolder } from "./folder.ts";
import { type Keep, orderVocabulary, type Vocabulary } from "./vocabulary.ts";

export interface EncodeOptions {
  /** Numbers of the token table at 8 bits or at 4. Default: int8. */
  readonly tokenTable?: "int8" | "int4" | undefined;
  /** Tokens to keep. Default: all. */
  readonly keep?: Keep | undefined;
}

export interface EncodedModel {
  readonly bytes: Uint8Array;
  readonly tokens: number;
}

/** Numbers that share a scale at 4 bits. */
const NIBBLE_GROUP = 32;

/**
 * A model as the bytes of an encoder file.
 *
 * @throws ModelError
 */
export function encodeModel(model: ModelFolder, options: EncodeOptions = {}): EncodedModel {
  const architecture = readArchitecture(model.config);
  const { hidden, layers, heads, intermediate, epsilon, relativeBuckets } = architecture;
  const checkpoint = openCheckpoint(readSafetensors(model.weights), architecture.kind);
  const vocabulary = orderVocabulary(model.tokenizer, model, options.keep);
  const positions = positionTable(checkpoint, architecture);
  const tokenBits = options.tokenTable === "int4" ? 4 : 8;
  const tokenGroup = tokenBits === 4 && hidden % NIBBLE_GROUP === 0 ? NIBBLE_GROUP : hidden;
  const config: EncoderConfig = {
    name: model.name,
    hidden,
    layers,
    heads,
    intermediate,
    tokens: vocabulary.rows.length,
    positions: positions.length / hidden,
    maxTokens: Math.min(model.maxTokens ?? 512, positions.length / hidden),
    epsilon,
    pooling: model.pooling,
    normalized: model.normalized,
    tokenBits,
    tokenGroup,
    start: vocabulary.start,
    end: vocabulary.end,
    queryPrefix: model.queryPrefix,
    documentPrefix: model.documentPrefix,
    relativeBuckets,
    normalise: model.tokenizer.normalise,
    preTokenise: model.tokenizer.preTokenise,
    model: vocabulary.model,
  };
  const table = quantiseRows(tokenTable(checkpoint, vocabulary, hidden), tokenBits, tokenGroup);
  const places = quantiseRows(positions, 8, hidden);
  const norm = ["weight", "bias"].map((kind) => checkpoint.take(`embeddings.LayerNorm.${kind}`, hidden));
  const sections: [EncoderSection, ...ArrayBufferView[]][] = [
    ["config", new TextEncoder().encode(JSON.stringify(config))],
    ["tokenFirst", vocabulary.first],
    ["tokenSecond", vocabulary.second],
    ...(vocabulary.scores.length > 0
      ? [["tokenScores", vocabulary.scores] as [EncoderSection, Float32Array]]
      : []),
    ["tokenCodes", table.codes],
    ["tokenScales", table.scales],
    ["positionCodes", places.codes],
    ["positionScales", places.scales],
    ["embeddingNorm", ...norm],
    ...(relativeBuckets > 0
      ? [["relativeBias", relativeBias(checkpoint, architecture)] as [EncoderSection, Float32Array]]
      : []),
    ["layers", ...Array.from({ length: layers }, (_, i) => encodeLayer(checkpoint, architecture, i)).flat()],
  ];
  const contents = sections.map(([name, ...parts]) => [name, join(parts)] as const);
  const hash = createHash("sha256");
  for (const [, content] of contents) hash.update(content);
  const bytes = encodeEncoder(contents, hash.digest("hex").slice(0, 16));
  return { bytes, tokens: vocabulary.rows.length };
}

function tokenTable(checkpoint: Checkpoint, { file, rows }: Vocabulary, hidden: number): Float32Array {
  const all = checkpoint.takeMatrix("embeddings.word_embeddings.weight", -1, hidden);
  const values = new Float32Array(rows.length * hidden);
  for (const [i, row] of rows.entries()) {
    if ((row + 1) * hidden > all.length) {
      throw new ModelError("BAD_MODEL", `A token of ${file} has the row ${row} of ${all.length / hidden}.`);
    }
    values.set(all.subarray(row * hidden, (row + 1) * hidden), i * hidden);
  }
  return values;
}

/** Rows from the first token's on; the embedding of the first segment, which every text is, is added to each. */
function positionTable(checkpoint: Checkpoint, { hidden, firstPosition }: Architecture): Float32Array {
  const all = checkpoint.take("embeddings.position_embeddings.weight", -1, hidden);
  const values = all.slice(firstPosition * hidden);
  const types = "embeddings.token_type_embeddings.weight";
  if (!checkpoint.has(types)) return values;
  const type = checkpoint.take(types, -1, hidden);
  for (let i = 0; i < values.length; i++) values[i]! += type[i % hidden]!;
  return values;
}

function relativeBias(checkpoint: Checkpoint, { relativeBuckets, heads }: Architecture): Float32Array {
  return checkpoint.take("encoder.relative_attention_bias.weight", relativeBuckets, heads);
}

/** The arrays of one layer, in the order of docs/format-encoder.md. */
function encodeLayer(checkpoint: Checkpoint, architecture: Architecture, layer: number): ArrayBufferView[] {
  const { hidden, heads, intermediate } = architecture;
  const scale = 1 / Math.sqrt(hidden / heads);
  const parts = {
    attention: ["query", "key", "value"],
    attentionOut: ["attentionOut"],
    up: ["up"],
    down: ["down"],
  } as const;
  const matrices = layerShape(hidden, intermediate).matrices.flatMap(({ name, rows, columns }) => {
    const each = rows / parts[name].length;
    const weights = parts[name].map((part) => checkpoint.takeLayer(layer, part, "weight", each, columns));
    const biases = parts[name].map((part) => checkpoint.takeLayer(layer, part, "bias", each));
    const { codes, scales, sums } = packMatrix(concat(weights), rows, columns);
    const bias = concat(biases);
    if (name === "attention") {
      // The scores' own scale goes into the queries.
      for (let row = 0; row < hidden; row++) {
        scales[row]! *= scale;
        bias[row]! *= scale;
      }
    }
    return [codes, scales, sums, bias];
  });
  const norms = (["attentionNorm", "outNorm"] as const).flatMap((part) => [
    checkpoint.takeLayer(layer, part, "weight", hidden),
    checkpoint.takeLayer(layer, part, "bias", hidden),
  ]);
  return [...matrices, ...norms];
}

function concat(arrays: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole;
}

function join(parts: readonly ArrayBufferView[]): Uint8Array {
  return Buffer.concat(parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)));
}
