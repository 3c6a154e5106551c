// biome-ignore-all lint/complexity/useMaxParams: inner loops take numbers: an object for each call would be allocated.
import type { Kernel } from "./kernel.ts";
import type { Layer, Matrix, Weights } from "./weights.ts";

/** Tokens that go through the feed-forward network together: its wide rows then stay in the cache. */
const WIDE_TOKENS = 64;

/** Places of what a pass writes, behind the weights, in bytes. */
interface Scratch {
  /** The texts' rows, tokens x hidden: what a pass returns. */
  readonly x: number;
  readonly y: number;
  /** Queries, keys and values of attention, tokens x 3 hidden. */
  readonly qkv: number;
  readonly context: number;
  readonly keys: number;
  readonly scores: number;
  readonly wide: number;
  readonly codes: number;
  readonly params: number;
  readonly end: number;
}

/**
 * Runs texts through the layers in one pass, one behind the other without padding, and returns the rows of all tokens: a
 * view of the kernel's memory that the next pass overwrites.
 *
 * @param texts positions of each text's tokens in the vocabulary, those around it included
 */
export function forward(
  kernel: Kernel,
  weights: Weights,
  texts: readonly (readonly number[])[],
): Float32Array {
  const { config } = weights;
  const { hidden, epsilon } = config;
  const tokens = texts.reduce((sum, text) => sum + text.length, 0);
  const longest = texts.reduce((most, text) => Math.max(most, text.length), 0);
  const scratch = layOut(kernel, weights, tokens, longest);
  const buffer = kernel.require(scratch.end);
  embedTokens(weights, buffer, texts, scratch.x, scratch.y);
  const { addNorm } = kernel.functions;
  const { gamma, beta } = weights.embeddingNorm;
  addNorm(scratch.x, scratch.y, gamma, beta, tokens, hidden, epsilon);
  for (const layer of weights.layers) {
    multiply(kernel, layer.attention, scratch, { from: scratch.x, to: scratch.qkv, tokens });
    let first = 0;
    for (const { length } of texts) {
      attend(kernel, weights, scratch, first, length);
      first += length;
    }
    multiply(kernel, layer.attentionOut, scratch, { from: scratch.context, to: scratch.y, tokens });
    const { attentionNorm } = layer;
    addNorm(scratch.x, scratch.y, attentionNorm.gamma, attentionNorm.beta, tokens, hidden, epsilon);
    for (let at = 0; at < tokens; at += WIDE_TOKENS) {
      feedForward(kernel, weights, layer, scratch, at, Math.min(WIDE_TOKENS, tokens - at));
    }
  }
  return new Float32Array(buffer, scratch.x, tokens * hidden);
}

function layOut(kernel: Kernel, { config, end }: Weights, tokens: number, longest: number): Scratch {
  const { hidden, intermediate } = config;
  const row = 4 * hidden;
  const padded = Math.ceil(longest / 4) * 4;
  const wideTokens = Math.min(tokens, WIDE_TOKENS);
  const codeBytes = kernel.functions.activationBytes.value;
  let at = Math.ceil(end / 64) * 64;
  const take = (bytes: number): number => {
    const place = at;
    at += Math.ceil(bytes / 64) * 64;
    return place;
  };
  return {
    x: take(tokens * row),
    y: take(tokens * row),
    qkv: take(3 * tokens * row),
    context: take(tokens * row),
    keys: take((padded * row) / config.heads),
    scores: take(4 * longest * padded),
    wide: take(4 * wideTokens * intermediate),
    codes: take(codeBytes * Math.max(tokens * hidden, wideTokens * intermediate)),
    params: take(8 * tokens),
    end: at,
  };
}

interface Product {
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
}

/** The rows at `from` times a matrix, to `to`. */
function multiply({ functions }: Kernel, matrix: Matrix, scratch: Scratch, product: Product): void {
  const { from, to, tokens } = product;
  const { codes, params } = scratch;
  functions.quantise(from, tokens, matrix.columns, codes, params);
  functions.products(
    codes,
    params,
    matrix.codes,
    matrix.scales,
    matrix.sums,
    matrix.biases,
    to,
    tokens,
    matrix.columns,
    matrix.rows,
  );
}

/** Attention within one text, head by head. The scale of the scores is in the weights of the queries. */
function attend(kernel: Kernel, weights: Weights, scratch: Scratch, first: number, length: number): void {
  const { transpose, multiply, softmax } = kernel.functions;
  const { hidden, heads, relativeBuckets } = weights.config;
  const { keys, scores } = scratch;
  const width = hidden / heads;
  const row = 4 * hidden;
  const padded = Math.ceil(length / 4) * 4;
  const queries = scratch.qkv + 3 * row * first;
  for (let head = 0; head < heads; head++) {
    const offset = 4 * head * width;
    transpose(queries + row + offset, 3 * row, length, width, keys, 4 * padded);
    multiply(queries + offset, 3 * row, keys, 4 * padded, scores, 4 * padded, length, width, padded);
    if (relativeBuckets > 0) addRelativeBias(kernel, weights, scores, length, head);
    softmax(scores, length, length, padded);
    const values = queries + 2 * row + offset;
    const to = scratch.context + row * first + offset;
    multiply(scores, 4 * padded, values, 3 * row, to, row, length, length, width);
  }
}

function feedForward(
  kernel: Kernel,
  { config }: Weights,
  layer: Layer,
  scratch: Scratch,
  first: number,
  tokens: number,
): void {
  const { hidden, intermediate, epsilon } = config;
  const x = scratch.x + 4 * first * hidden;
  const y = scratch.y + 4 * first * hidden;
  multiply(kernel, layer.up, scratch, { from: x, to: scratch.wide, tokens });
  kernel.functions.gelu(scratch.wide, tokens * intermediate);
  multiply(kernel, layer.down, scratch, { from: scratch.wide, to: y, tokens });
  kernel.functions.addNorm(x, y, layer.outNorm.gamma, layer.outNorm.beta, tokens, hidden, epsilon);
}

/** Distances from here on share the last bucket. */
const FARTHEST = 128;

/** Adds MPNet's bias by the distance of two tokens to the scores of one head, `length` rows padded to a multiple of 4. */
export function addRelativeBias(
  kernel: Kernel,
  { config, place }: Weights,
  scores: number,
  length: number,
  head: number,
): void {
  const { relativeBuckets, heads } = config;
  const buffer = kernel.functions.memory.buffer;
  const biases = new Float32Array(buffer, place("relativeBias"), relativeBuckets * heads);
  const padded = Math.ceil(length / 4) * 4;
  const numbers = new Float32Array(buffer, scores, length * padded);
  const byDistance = new Float32Array(2 * length - 1);
  for (let i = 0; i < byDistance.length; i++) {
    byDistance[i] = biases[bucket(i - (length - 1), relativeBuckets) * heads + head]!;
  }
  for (let query = 0; query < length; query++) {
    for (let key = 0; key < length; key++) {
      numbers[query * padded + key]! += byDistance[key - query + length - 1]!;
    }
  }
}

/** Half of the buckets for keys behind the query; half of those for single distances, the others logarithmic. */
function bucket(distance: number, buckets: number): number {
  const half = buckets / 2;
  const exact = half / 2;
  const far = Math.abs(distance);
  const step =
    far < exact
      ? far
      : Math.min(
          half - 1,
          exact + Math.floor((Math.log(far / exact) / Math.log(FARTHEST / exact)) * (half - exact)),
        );
  return step + (distance > 0 ? half : 0);
}

/** Writes each token's row of the token table to `x` and of the position table to `y`, places in the kernel's memory. */
export function embedTokens(
  { config, place }: Weights,
  buffer: ArrayBufferLike,
  texts: readonly (readonly number[])[],
  x: number,
  y: number,
): void {
  const { hidden, tokens, positions, tokenBits, tokenGroup } = config;
  const codes = new Int8Array(buffer, place("tokenCodes"), (tokens * hidden * tokenBits) / 8);
  const scales = new Float32Array(buffer, place("tokenScales"), (tokens * hidden) / tokenGroup);
  const positionCodes = new Int8Array(buffer, place("positionCodes"), positions * hidden);
  const positionScales = new Float32Array(buffer, place("positionScales"), positions);
  const count = texts.reduce((sum, text) => sum + text.length, 0);
  const rows = new Float32Array(buffer, x, count * hidden);
  const places = new Float32Array(buffer, y, count * hidden);
  const readRow = tokenBits === 8 ? readBytes : readNibbles;
  let at = 0;
  for (const text of texts) {
    for (const [position, token] of text.entries()) {
      for (let from = 0; from < hidden; from += tokenGroup) {
        const number = token * hidden + from;
        readRow(codes, number, scales[number / tokenGroup]!, rows, at + from, tokenGroup);
      }
      readBytes(positionCodes, position * hidden, positionScales[position]!, places, at, hidden);
      at += hidden;
    }
  }
}

type ReadRow = (
  codes: Int8Array,
  from: number,
  scale: number,
  out: Float32Array,
  to: number,
  count: number,
) => void;

const readBytes: ReadRow = (codes, from, scale, out, to, count) => {
  for (let i = 0; i < count; i++) out[to + i] = codes[from + i]! * scale;
};

/** Two numbers a byte, the low four bits first, each with its sign. */
const readNibbles: ReadRow = (codes, from, scale, out, to, count) => {
  for (let i = 0; i < count; i += 2) {
    const byte = codes[(from + i) >> 1]!;
    out[to + i] = ((byte << 28) >> 28) * scale;
    out[to + i + 1] = (byte >> 4) * scale;
  }
};
