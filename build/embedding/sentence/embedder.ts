import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Encoder, openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import { openKernel } from "../../../worker/core/embedding/encoder/kernel.ts";
import { AnnoyEdgeError, ArtifactError } from "../../../worker/core/format/errors.ts";
import type { ServiceEmbedder } from "../../../worker/services/service.ts";
import { createPool, moduleBeside, type Pool } from "../../threads/pool.ts";
import { kernelModule } from "../encoder/kernel/load.ts";
import { shippedPath } from "../shipped.ts";
import { type EncodeTask, runEncodeTask } from "./work.ts";

/** A sentence encoder as a build uses it: passages on all cores, queries on this thread. */
export interface EncoderEmbedder extends ServiceEmbedder {
  /** The encoder file: what publishing uploads and the Worker reads. */
  readonly encoderBytes: Uint8Array;
  readonly maxTokens: number;
  /** Tokens of a passage, whether the model reads them all or not; at most `limit` are counted. */
  countTokens(text: string, limit?: number): number;
  /** Ends the threads; a later call starts them again. */
  close(): Promise<void>;
}

export interface EncoderEmbedderOptions {
  /** Threads; -1 (default): one a core. Never changes the vectors. */
  readonly jobs?: number | undefined;
}

const SHIPPED = join("artifacts", "encoder-en", "encoder.bin");
/** Characters of the texts that a thread takes at a time: some seconds of work at most, and enough to fill passes. */
const TASK_CHARACTERS = 32_768;
/** Below this many characters threads cost more than they save. */
const SMALL_CHARACTERS = 20_000;

/**
 * Opens an encoder for a build: the one that ships with the package, or an imported file.
 *
 * @throws AnnoyEdgeError `EMBEDDER_NOT_FOUND`; ArtifactError for a file that is no encoder
 */
export async function loadEncoder(
  path?: string,
  options: EncoderEmbedderOptions = {},
): Promise<EncoderEmbedder> {
  const file = path ?? shippedPath(SHIPPED);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new AnnoyEdgeError("EMBEDDER_NOT_FOUND", `The encoder ${file} cannot be read.`, { cause });
  }
  try {
    return await createEncoderEmbedder(bytes, options);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    throw new ArtifactError(error.code, `${file}: ${error.message}`, { cause: error });
  }
}

/** As {@link loadEncoder}, of bytes at hand. */
async function createEncoderEmbedder(
  bytes: Uint8Array,
  { jobs = -1 }: EncoderEmbedderOptions = {},
): Promise<EncoderEmbedder> {
  const kernel = await kernelModule();
  const encoder: Encoder = openEncoder(bytes, openKernel(kernel));
  const { identity, maxTokens } = encoder;
  let pool: Pool | undefined;
  const openPool = (): Pool => {
    const file = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
    file.set(bytes);
    const thread = moduleBeside(import.meta.url, "thread");
    return createPool({ jobs, small: false, shared: { file, kernel }, thread, runTask: runEncodeTask });
  };
  return {
    identity,
    incremental: true,
    encoderBytes: bytes,
    maxTokens,
    countTokens: encoder.countTokens,
    embedQuery: encoder.embedQuery,
    embedQueries: encoder.embedQueries,
    async embedDocuments(texts, onVectors) {
      const small = texts.reduce((sum, text) => sum + text.length, 0) < SMALL_CHARACTERS;
      if (small && !pool) {
        const vectors = await encoder.embedDocuments(texts);
        onVectors?.([...texts.keys()], vectors);
        return vectors;
      }
      pool ??= openPool();
      const running = pool;
      const vectors: number[][] = new Array(texts.length);
      await Promise.all(
        groupsOf(texts).map(async (positions) => {
          const task: EncodeTask = { kind: "encode", texts: positions.map((i) => texts[i]!) };
          const [rows] = await running.run([task]);
          for (const [n, i] of positions.entries()) {
            vectors[i] = Array.from(rows!.subarray(n * identity.dimensions, (n + 1) * identity.dimensions));
          }
          onVectors?.(
            positions,
            positions.map((i) => vectors[i]!),
          );
        }),
      );
      return vectors;
    },
    async close() {
      const ending = pool;
      pool = undefined;
      await ending?.close();
    },
  };
}

/** Limit of what a model reads, and a count of what a text has. */
export type TokenCounter = Pick<EncoderEmbedder, "maxTokens" | "countTokens">;

/** Returns the tokens of an embedder that runs here by tokens; undefined for any other. */
export function tokenCounterOf(embedder: object | undefined): TokenCounter | undefined {
  const { maxTokens, countTokens } = (embedder ?? {}) as Partial<EncoderEmbedder>;
  return maxTokens === undefined || !countTokens ? undefined : { maxTokens, countTokens };
}

/** Positions of texts of like length, some at a time, the longest first: a pass costs what its tokens are. */
function groupsOf(texts: readonly string[]): number[][] {
  const order = [...texts.keys()].sort((a, b) => texts[b]!.length - texts[a]!.length || a - b);
  const groups: number[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const i of order) {
    const { length } = texts[i]!;
    if (characters + length > TASK_CHARACTERS) {
      groups.push([]);
      characters = 0;
    }
    groups.at(-1)!.push(i);
    characters += length;
  }
  return groups;
}

/** Returns the encoder file of an embedder; undefined for one of another kind. */
export function encoderBytesOf(embedder: object | undefined): Uint8Array | undefined {
  return (embedder as Partial<EncoderEmbedder> | undefined)?.encoderBytes;
}
