import type { EmbedderIdentity } from "../../format/meta.ts";
import type { Work } from "../../format/work.ts";
import type { TokenIndex } from "../model2vec/table.ts";
import { addTokens } from "../model2vec/tokens.ts";
import type { Embedder } from "../types.ts";
import { forward } from "./forward.ts";
import type { Kernel } from "./kernel.ts";
import { openWeights, placeFile, vocabularyOf, type Weights } from "./weights.ts";

/** A sentence encoder: a transformer that runs in the isolate or in Node, on one thread, synchronously. */
export interface Encoder extends Required<Embedder> {
  /**
   * Writes the vector of a query into `out`, `identity.dimensions` long: of a long one the mean of its parts, which together have
   * `maxTokens` at most.
   */
  embedInto(text: string, out: Float32Array): void;
  /**
   * Writes the vectors of passages into `out`, one behind the other. Texts of like length side by side, a few hundred a
   * call, cost least.
   */
  embedPassagesInto(texts: readonly string[], out: Float32Array): void;
  /**
   * Tokens of a passage, those that the model does not read and those around the text included.
   *
   * @param limit count at which counting ends
   */
  countTokens(text: string, limit?: number): number;
  /** Tokens of a text that the model reads; the rest is cut off. */
  readonly maxTokens: number;
  /** Bytes of the kernel's memory: weights and what passes need. */
  readonly memoryBytes: number;
}

/** Work of a token in a pass, in nanoseconds: alone as many as five. */
const TOKEN_NS = 360_000;
const LEAST_TOKENS = 8;

/** Tokens of texts that go through the layers together: weights are then read once for all of them. */
const PASS_TOKENS = 128;

/**
 * Opens an encoder file. The kernel belongs to the encoder from then on.
 *
 * @param bytes copied into the kernel's memory, unless they were written to `kernel.reserve`
 * @throws ArtifactError `BAD_MAGIC`, `UNSUPPORTED_VERSION`, `TRUNCATED`, `CHECKSUM_MISMATCH`, `BAD_HEADER`, `BAD_SECTION`,
 *   `MISSING_SECTION`, `CORRUPT_EMBEDDER`
 */
export function openEncoder(bytes: Uint8Array, kernel: Kernel): Encoder {
  const weights = openWeights(placeFile(bytes, kernel));
  const { config } = weights;
  const { hidden, maxTokens, start, end } = config;
  const { memory } = kernel.functions;
  let vocabulary = vocabularyOf(weights, memory.buffer);

  const tokenise = (prefix: string, text: string, limit: number): number[] => {
    // Growing memory takes its views away.
    if (vocabulary.first.buffer !== memory.buffer) vocabulary = vocabularyOf(weights, memory.buffer);
    return [start, ...tokensOf(vocabulary, prefix + text, limit - 2), end];
  };
  const embedSequences = (sequences: readonly number[][], out: Float32Array, work?: Work): void => {
    let pass: number[][] = [];
    let tokens = 0;
    let done = 0;
    const run = (): void => {
      work?.spend("text", Math.max(LEAST_TOKENS, tokens) * TOKEN_NS);
      const rows = forward(kernel, weights, pass);
      let from = 0;
      for (const { length } of pass) {
        const vector = out.subarray(done * hidden, (done + 1) * hidden);
        pool(rows.subarray(from * hidden, (from + length) * hidden), vector, config.pooling);
        if (config.normalized) normalise(vector);
        from += length;
        done++;
      }
      pass = [];
      tokens = 0;
    };
    for (const sequence of sequences) {
      if (pass.length > 0 && tokens + sequence.length > PASS_TOKENS) run();
      pass.push(sequence);
      tokens += sequence.length;
    }
    if (pass.length > 0) run();
  };
  const partsOfQuery = (text: string): number[][] => {
    const most = Math.floor(maxTokens / PART_TOKENS);
    if (most < 2) return [tokenise(config.queryPrefix, text, maxTokens)];
    const head = tokenise("", config.queryPrefix.trimEnd(), maxTokens).length - 1;
    return partsOf(tokenise(config.queryPrefix, text, Number.POSITIVE_INFINITY), head, most);
  };
  const embedQueriesInto = (texts: readonly string[], out: Float32Array, work?: Work): void => {
    const parts = texts.map(partsOfQuery);
    const sequences = parts.flat();
    const rows = new Float32Array(sequences.length * hidden);
    embedSequences(sequences, rows, work);
    let from = 0;
    for (const [i, { length }] of parts.entries()) {
      const vector = out.subarray(i * hidden, (i + 1) * hidden);
      pool(rows.subarray(from * hidden, (from + length) * hidden), vector, "mean");
      if (length > 1 && config.normalized) normalise(vector);
      from += length;
    }
  };
  const embedInto = (text: string, out: Float32Array): void => embedQueriesInto([text], out);
  const embedPassagesInto = (texts: readonly string[], out: Float32Array): void =>
    embedSequences(
      texts.map((text) => tokenise(config.documentPrefix, text, maxTokens)),
      out,
    );
  const identity = identityOf(weights);
  return {
    identity,
    maxTokens,
    get memoryBytes() {
      return memory.buffer.byteLength;
    },
    embedInto,
    embedPassagesInto,
    countTokens: (text, limit = Number.POSITIVE_INFINITY) =>
      tokenise(config.documentPrefix, text, limit).length,
    embedQuery: async (text) => {
      const out = new Float32Array(hidden);
      embedInto(text, out);
      return Array.from(out);
    },
    embedQueries: async (texts, work) => {
      const out = new Float32Array(texts.length * hidden);
      embedQueriesInto(texts, out, work);
      return texts.map((_, i) => Array.from(out.subarray(i * hidden, (i + 1) * hidden)));
    },
    embedDocuments: async (texts) => {
      const out = new Float32Array(texts.length * hidden);
      embedPassagesInto(texts, out);
      return texts.map((_, i) => Array.from(out.subarray(i * hidden, (i + 1) * hidden)));
    },
  };
}

function identityOf({ config, contentHash }: Weights): EmbedderIdentity {
  const {
    name: model,
    hidden: dimensions,
    pooling,
    normalized,
    maxTokens,
    queryPrefix,
    documentPrefix,
  } = config;
  return {
    ...{ provider: "encoder", model, dimensions, pooling, normalized, contentHash, maxTokens },
    ...(queryPrefix && { queryPrefix }),
    ...(documentPrefix && { documentPrefix }),
  };
}

/** The first token's row, or the mean of all. */
function pool(rows: Float32Array, out: Float32Array, pooling: "cls" | "mean"): void {
  const { length: width } = out;
  out.set(rows.subarray(0, width));
  if (pooling === "cls") return;
  for (let at = width; at < rows.length; at += width) {
    for (let i = 0; i < width; i++) out[i]! += rows[at + i]!;
  }
  const factor = width / rows.length;
  for (let i = 0; i < width; i++) out[i]! *= factor;
}

function normalise(vector: Float32Array): void {
  let square = 0;
  for (const value of vector) square += value * value;
  const factor = square > 0 ? 1 / Math.sqrt(square) : 0;
  for (let i = 0; i < vector.length; i++) vector[i]! *= factor;
}

/**
 * Tokens of a part of a long query. Sentence encoders learn from texts of this length, and the mean of two parts finds more than one
 * pass over twice as many tokens: paragraphs of 300 words find the rest of their document with a mean reciprocal rank of .427
 * (feedbackqa) to .944 (scifact), by their first 256 tokens alone with .317 to .903 (`npm run bench:relevance -- <folder> --paragraphs`).
 */
export const PART_TOKENS = 128;

/**
 * Cuts a query of more than {@link PART_TOKENS} into parts that are spread evenly over it, so that its end counts as its beginning.
 *
 * @param whole all tokens, those around the text included
 * @param head tokens before the text
 * @param most parts
 */
export function partsOf(whole: number[], head: number, most: number): number[][] {
  if (whole.length <= PART_TOKENS) return [whole];
  const text = whole.slice(head, -1);
  const room = PART_TOKENS - head - 1;
  const count = Math.min(most, Math.ceil(text.length / room));
  const size = Math.min(room, Math.ceil(text.length / count));
  return Array.from({ length: count }, (_, i) => {
    const from = Math.round((i * (text.length - size)) / (count - 1));
    return [...whole.slice(0, head), ...text.slice(from, from + size), whole.at(-1)!];
  });
}

/** Code units that are looked at in one go: normalising long runs of marks takes quadratic time. */
const WINDOW = 4096;
const SPACE = /\s/;

/** Positions of the first `limit` tokens of a text in the vocabulary, without those around it. */
export function tokensOf(index: TokenIndex, text: string, limit: number): number[] {
  const found: number[] = [];
  const whole = text.toWellFormed();
  for (let start = 0; start < whole.length && found.length < limit; ) {
    const end = windowEnd(whole, start);
    addTokens(index, whole.slice(start, end), limit, found);
    start = end;
  }
  return found;
}

/** Ends a window where a word ends, if there is such a place in its second half. */
function windowEnd(text: string, start: number): number {
  const end = start + WINDOW;
  if (end >= text.length) return text.length;
  for (let i = end; i > end - WINDOW / 2; i--) if (SPACE.test(text[i]!)) return i;
  const low = text.charCodeAt(end);
  return low >= 0xdc00 && low <= 0xdfff ? end - 1 : end;
}
