// biome-ignore-all lint/complexity/useMaxParams: inner loops take numbers: an object for each call would be allocated.
import type { Kernel } from "./kernel.ts";
import { addRelativeBias } from "./relative.ts";
import { embedTokens } from "./table.ts";
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
