import type { Embedder } from "../../worker/core/embedding/types.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Progress } from "../settings/progress.ts";
import { isIncremental } from "./cache/embedder.ts";
import { asked, isCarried } from "./identity.ts";

export interface EmbedOptions {
  /** Texts handed to the embedder at a time. Services cut them further to their own limits, and take 4,096 by default. */
  readonly batchSize?: number;
  /** Number of texts, for progress, when `texts` is not an array. */
  readonly total?: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const BATCH = 512;
/** Enough for several of a service's requests to be under way at once. */
const SERVICE_BATCH = 4096;

/**
 * Embeds texts in order. Row r of the result (row-major, over shared memory so that worker threads see it) is text r.
 * Every vector is checked: a wrong length or a number that is not finite stops the build.
 *
 * @throws AnnoyEdgeError `BAD_EMBEDDING` naming the text's position
 */
export async function embedTexts(
  embedder: Embedder,
  texts: Iterable<string> | AsyncIterable<string>,
  options: EmbedOptions = {},
): Promise<Float32Array<SharedArrayBuffer>> {
  const blocks: Float32Array[] = [];
  let length = 0;
  for await (const block of embedBlocks(embedder, texts, options)) {
    blocks.push(block);
    length += block.length;
  }
  const vectors = new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
  let at = 0;
  for (const block of blocks) {
    vectors.set(block, at);
    at += block.length;
  }
  return vectors;
}

/** The same, some rows at a time: for corpora whose vectors do not fit in memory. */
export async function* embedBlocks(
  embedder: Embedder,
  texts: Iterable<string> | AsyncIterable<string>,
  options: EmbedOptions = {},
): AsyncGenerator<Float32Array> {
  const batchSize = options.batchSize ?? (isIncremental(embedder) ? SERVICE_BATCH : BATCH);
  const known = Array.isArray(texts) ? texts.length : undefined;
  const total = known ?? options.total ?? 0;
  let done = 0;
  const report = (count: number) =>
    options.onProgress?.({ phase: "embed", done: count, total: Math.max(total, count) });
  for await (const batch of inBatches(texts, batchSize)) {
    yield await embedBatch(embedder, batch, done, report);
    done += batch.length;
    report(done);
  }
}

async function* inBatches(
  texts: Iterable<string> | AsyncIterable<string>,
  size: number,
): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const text of texts) {
    batch.push(text);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function embedBatch(
  embedder: Embedder,
  texts: string[],
  first: number,
  report: (done: number) => void,
): Promise<Float32Array> {
  const { dimensions } = embedder.identity;
  const block = new Float32Array(texts.length * dimensions);
  if (isCarried(embedder)) {
    for (const [i, text] of texts.entries()) {
      embedder.embedInto(text, block.subarray(i * dimensions, (i + 1) * dimensions));
    }
    return block;
  }
  let done = first;
  const { provider, model } = embedder.identity;
  const vectors = await asked(`${provider} (${model})`, () =>
    isIncremental(embedder)
      ? embedder.embedDocuments(texts, ({ length }) => {
          done += length;
          report(Math.min(done, first + texts.length - 1));
        })
      : embedder.embedDocuments(texts),
  );
  if (vectors.length !== texts.length) {
    throw bad(embedder, `${vectors.length} vectors for ${texts.length} texts from text ${first} on`);
  }
  for (const [i, vector] of vectors.entries()) {
    if (vector.length !== dimensions) {
      throw bad(embedder, `${vector.length} numbers for text ${first + i}; ${dimensions} are expected`);
    }
    if (!vector.every(Number.isFinite))
      throw bad(embedder, `a number that is not finite for text ${first + i}`);
    block.set(vector, i * dimensions);
  }
  return block;
}

function bad(embedder: Embedder, what: string): AnnoyEdgeError {
  const { provider, model } = embedder.identity;
  return new AnnoyEdgeError("BAD_EMBEDDING", `The embedder ${provider} (${model}) gave ${what}.`);
}
