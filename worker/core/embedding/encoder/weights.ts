import { decodeEncoder, type EncoderSection, layerShape } from "../../format/encoder.ts";
import { ArtifactError } from "../../format/errors.ts";
import { checkHashes, type TokenIndex } from "../model2vec/table.ts";
import { type EncoderConfig, readConfig } from "./config.ts";
import { FILE_PLACE, type Kernel } from "./kernel.ts";

/** Places of a matrix's arrays in the kernel's memory, in bytes. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly codes: number;
  readonly scales: number;
  /** Sum of each row's codes: what a zero point of the activations is multiplied by. */
  readonly sums: number;
  readonly biases: number;
}

export interface Norm {
  readonly gamma: number;
  readonly beta: number;
}

export interface Layer {
  readonly attention: Matrix;
  readonly attentionOut: Matrix;
  readonly attentionNorm: Norm;
  readonly up: Matrix;
  readonly down: Matrix;
  readonly outNorm: Norm;
}

/** An encoder file that lies in the kernel's memory, opened. */
export interface Weights {
  readonly config: EncoderConfig;
  readonly contentHash: string;
  /** End of the file, where free memory begins. */
  readonly end: number;
  /** Place of a section; 0 when there is none. */
  readonly place: (section: EncoderSection) => number;
  readonly embeddingNorm: Norm;
  readonly layers: readonly Layer[];
}

/**
 * Opens a file that was written into the kernel's memory, trusting nothing of it. O(bytes).
 *
 * @throws ArtifactError `BAD_MAGIC`, `UNSUPPORTED_VERSION`, `TRUNCATED`, `CHECKSUM_MISMATCH`, `BAD_HEADER`, `BAD_SECTION`,
 *   `MISSING_SECTION`, `CORRUPT_EMBEDDER`
 */
export function openWeights(bytes: Uint8Array): Weights {
  const { contentHash, sections } = decodeEncoder(bytes);
  const section = (name: EncoderSection): { offset: number; length: number } => {
    const found = sections.get(name);
    if (found) return found;
    throw new ArtifactError("MISSING_SECTION", `The encoder file has no section ${name}.`);
  };
  const { offset, length } = section("config");
  const config = readConfig(bytes.subarray(offset, offset + length));
  for (const [name, expected] of Object.entries(sectionBytes(config)) as [EncoderSection, number][]) {
    if (expected === 0) continue;
    const { length } = section(name);
    if (length === expected) continue;
    throw new ArtifactError(
      "BAD_SECTION",
      `The encoder file's section ${name} has ${length} bytes, not ${expected}.`,
    );
  }
  const place = (name: EncoderSection): number => {
    const found = sections.get(name);
    return found ? FILE_PLACE + found.offset : 0;
  };
  const norm = (at: number): Norm => ({ gamma: at, beta: at + 4 * config.hidden });
  const weights: Weights = {
    config,
    contentHash,
    end: FILE_PLACE + bytes.byteLength,
    place,
    embeddingNorm: norm(place("embeddingNorm")),
    layers: layersAt(place("layers"), config, norm),
  };
  checkNumbers(bytes, weights);
  return weights;
}

function sectionBytes(config: EncoderConfig): Partial<Record<EncoderSection, number>> {
  const { hidden, tokens, positions, layers, intermediate, tokenBits, tokenGroup } = config;
  return {
    tokenFirst: 4 * tokens,
    tokenSecond: 4 * tokens,
    tokenScores: config.model.type === "unigram" ? 4 * tokens : 0,
    tokenCodes: (tokens * hidden * tokenBits) / 8,
    tokenScales: 4 * tokens * (hidden / tokenGroup),
    positionCodes: positions * hidden,
    positionScales: 4 * positions,
    embeddingNorm: 8 * hidden,
    relativeBias: 4 * config.relativeBuckets * config.heads,
    layers: layers * layerShape(hidden, intermediate).bytes,
  };
}

function layersAt(start: number, config: EncoderConfig, norm: (at: number) => Norm): Layer[] {
  const { hidden, intermediate } = config;
  const { matrices, bytes } = layerShape(hidden, intermediate);
  return Array.from({ length: config.layers }, (_, i) => {
    let at = start + i * bytes;
    const take = (length: number): number => {
      at += length;
      return at - length;
    };
    const [attention, attentionOut, up, down] = matrices.map(
      ({ rows, columns }): Matrix => ({
        rows,
        columns,
        codes: take(rows * columns),
        scales: take(4 * rows),
        sums: take(4 * rows),
        biases: take(4 * rows),
      }),
    );
    return {
      attention: attention!,
      attentionOut: attentionOut!,
      up: up!,
      down: down!,
      attentionNorm: norm(take(8 * hidden)),
      outNorm: norm(take(8 * hidden)),
    };
  });
}

/** Every float32 of the file is finite: one that is not makes every vector NaN. */
function checkNumbers({ buffer }: Uint8Array, weights: Weights): void {
  const { config, place, layers } = weights;
  const { hidden, tokens, positions } = config;
  const finite = (what: string, at: number, count: number): void => {
    if (new Float32Array(buffer, at, count).every(Number.isFinite)) return;
    throw new ArtifactError("CORRUPT_EMBEDDER", `The encoder's ${what} holds numbers that are not finite.`);
  };
  finite("token table", place("tokenScales"), (tokens * hidden) / config.tokenGroup);
  finite("position table", place("positionScales"), positions);
  finite("layer norm of embeddings", weights.embeddingNorm.gamma, 2 * hidden);
  finite("position bias", place("relativeBias"), config.relativeBuckets * config.heads);
  if (config.model.type === "unigram") finite("vocabulary", place("tokenScores"), tokens);
  for (const [i, layer] of layers.entries()) {
    for (const matrix of [layer.attention, layer.attentionOut, layer.up, layer.down]) {
      finite(`layer ${i}`, matrix.scales, matrix.rows);
      finite(`layer ${i}`, matrix.biases, matrix.rows);
    }
    finite(`layer ${i}`, layer.attentionNorm.gamma, 2 * hidden);
    finite(`layer ${i}`, layer.outNorm.gamma, 2 * hidden);
  }
  checkHashes(vocabularyOf(weights, buffer));
}

/** The vocabulary, as views of the kernel's memory, which are lost when it grows. */
export function vocabularyOf({ config, place }: Weights, buffer: ArrayBufferLike): TokenIndex {
  const { tokens, model, normalise, preTokenise } = config;
  return {
    normalise,
    preTokenise,
    model,
    first: new Uint32Array(buffer, place("tokenFirst"), tokens),
    second: new Uint32Array(buffer, place("tokenSecond"), tokens),
    scores: new Float32Array(buffer, place("tokenScores"), model.type === "unigram" ? tokens : 0),
  };
}

/** Copies a file to where the kernel wants it, unless it is there. */
export function placeFile(bytes: Uint8Array, kernel: Kernel): Uint8Array {
  if (bytes.buffer === kernel.functions.memory.buffer && bytes.byteOffset === FILE_PLACE) return bytes;
  const placed = kernel.reserve(bytes.byteLength);
  placed.set(bytes);
  return placed;
}
