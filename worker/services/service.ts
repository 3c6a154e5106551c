import type { Embedder } from "../core/embedding/types.ts";
import type { EmbedderIdentity } from "../core/format/meta.ts";
import { EmbeddingError } from "./request.ts";

/** Part that differs by provider: one request for one batch. */
export interface Service {
  readonly identity: EmbedderIdentity;
  /** Texts in one request at most. */
  readonly maxTexts: number;
  /** Characters of all texts of one request at most; a longer text goes alone. */
  readonly maxCharacters: number;
  /** Vectors of texts that are not blank, in order. */
  embed(texts: readonly string[]): Promise<number[][]>;
}

/** Told of vectors as soon as a request has brought them: positions among the texts, and their vectors. */
export type OnVectors = (positions: readonly number[], vectors: readonly number[][]) => void;

/** An embedder that tells of vectors while it is at work. */
export interface ServiceEmbedder extends Embedder {
  readonly incremental: true;
  embedDocuments(texts: string[], onVectors?: OnVectors): Promise<number[][]>;
}

export interface ServiceLimits {
  /** Requests under way at once; default 4. */
  readonly concurrency?: number | undefined;
  /** Texts in one request at most, when the provider's own limit is too large. */
  readonly batchSize?: number | undefined;
}

/**
 * The embedder over a service: prefixes, batches within the service's limits, several requests at once, and a check of
 * every vector. Blank texts are not sent; they get zeros, as texts do in which nothing is known. A batch that is refused
 * for its size or content is halved until the text at fault stands alone.
 */
export function createServiceEmbedder(service: Service, limits: ServiceLimits = {}): ServiceEmbedder {
  const { identity } = service;
  const { dimensions, queryPrefix = "", documentPrefix = "" } = identity;
  const maxTexts = Math.min(service.maxTexts, limits.batchSize ?? service.maxTexts);

  async function embedAll(
    texts: readonly string[],
    prefix: string,
    onVectors?: OnVectors,
  ): Promise<number[][]> {
    const vectors: number[][] = texts.map(() => []);
    const blank: number[] = [];
    const batches = batchesOf(texts, maxTexts, service.maxCharacters, blank);
    for (const i of blank) vectors[i] = new Array<number>(dimensions).fill(0);
    if (blank.length > 0)
      onVectors?.(
        blank,
        blank.map((i) => vectors[i]!),
      );
    await inParallel(batches, limits.concurrency ?? 4, async (batch) => {
      const found = await embedBatch(batch.map((i) => prefix + texts[i]!));
      for (const [n, i] of batch.entries()) vectors[i] = found[n]!;
      onVectors?.(batch, found);
    });
    return vectors;
  }

  async function embedBatch(texts: readonly string[]): Promise<number[][]> {
    try {
      return check(service, texts.length, await service.embed(texts));
    } catch (error) {
      if (texts.length === 1 || !mayBeOneText(error)) throw error;
      const half = texts.length >>> 1;
      return [...(await embedBatch(texts.slice(0, half))), ...(await embedBatch(texts.slice(half)))];
    }
  }

  return {
    identity,
    incremental: true,
    embedDocuments: (texts, onVectors) => embedAll(texts, documentPrefix, onVectors),
    embedQuery: async (text) => (await embedAll([text], queryPrefix))[0]!,
  };
}

function mayBeOneText(error: unknown): boolean {
  return (
    error instanceof EmbeddingError && (error.status === 400 || error.status === 413 || error.status === 422)
  );
}

function batchesOf(
  texts: readonly string[],
  maxTexts: number,
  maxCharacters: number,
  blank: number[],
): number[][] {
  const batches: number[][] = [];
  let batch: number[] = [];
  let characters = 0;
  for (const [i, text] of texts.entries()) {
    if (text.trim() === "") {
      blank.push(i);
      continue;
    }
    if (batch.length > 0 && (batch.length >= maxTexts || characters + text.length > maxCharacters)) {
      batches.push(batch);
      batch = [];
      characters = 0;
    }
    batch.push(i);
    characters += text.length;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** Runs `work` on every entry, `width` at a time; the first failure ends it, once what is under way has ended. */
async function inParallel<T>(
  entries: readonly T[],
  width: number,
  work: (entry: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed: { readonly error: unknown } | undefined;
  const lane = async () => {
    while (!failed && next < entries.length) {
      try {
        await work(entries[next++]!);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, entries.length) }, lane));
  if (failed) throw failed.error;
}

function check({ identity }: Service, count: number, vectors: unknown): number[][] {
  const { provider, model, dimensions } = identity;
  const bad = (what: string) =>
    new EmbeddingError("BAD_EMBEDDING", `The embedder ${provider} (${model}) answered with ${what}.`);
  if (!Array.isArray(vectors) || vectors.length !== count) {
    throw bad(`${Array.isArray(vectors) ? vectors.length : "no"} vectors for ${count} texts`);
  }
  return vectors.map((vector: unknown) => {
    if (!Array.isArray(vector) || !vector.every((x): x is number => Number.isFinite(x))) {
      throw bad("a vector that is not a list of finite numbers");
    }
    if (vector.length !== dimensions) {
      throw new EmbeddingError(
        "EMBEDDER_MISMATCH",
        `The embedder ${provider} (${model}) answered with vectors of ${vector.length} dimensions instead of ${dimensions}.`,
      );
    }
    return identity.normalized ? unit(vector) : vector;
  });
}

function unit(vector: readonly number[]): number[] {
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return length > 0 ? vector.map((x) => x / length) : [...vector];
}
