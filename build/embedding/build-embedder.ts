import type { Embedder } from "../../worker/core/embedding/types.ts";
import { OptionError } from "../settings/errors.ts";
import { type EmbedderSetting, type OpenedEmbedder, openEmbedder } from "./providers/index.ts";
import { encoderBytesOf, type TokenCounter, tokenCounterOf } from "./sentence/embedder.ts";

/** Settings of the embedder. */
export interface EmbedderOptions {
  /**
   * `encoder` (default: the sentence encoder that ships), `encoder:<file>` (one that `encoder import` made), `static`,
   * `none` (the documents bring vectors), `openai:<model>`, `workers-ai:<model>`, `huggingface:<model>`,
   * `model2vec:<folder or hub id>`, an object with further settings, or any LangChain embeddings.
   */
  readonly embedder?: EmbedderSetting;
  /** File of the embedding cache, or false for none. Default `.annoy-edge/embeddings.sqlite`, for encoders and services. */
  readonly cache?: string | false;
  /** Worker threads; -1 (default): all cores. Never changes the vectors. */
  readonly jobs?: number;
}

const DEFAULT_EMBEDDER = "encoder";

/** The embedder of a build, opened before any document is read so that a missing key is reported at once. */
export interface BuildEmbedder {
  /** @param vectorsGiven whether the documents bring vectors; the default is then `none`, else `encoder` */
  resolve(vectorsGiven: boolean): Promise<Embedder | undefined>;
  /** Returns the tokens of the embedder, or of the default where none is named. @throws OptionError when it has none */
  tokenCounter(): Promise<TokenCounter>;
  /** The encoder file that the artifact folder must hold; undefined when `resolve` gave another kind of embedder. */
  encoderBytes(): Uint8Array | undefined;
  close(): Promise<void>;
}

/** @throws OptionError for a setting that cannot be; EmbeddingError when a key is missing or a service fails */
export async function openBuildEmbedder({ embedder, cache, jobs }: EmbedderOptions): Promise<BuildEmbedder> {
  const options = { cache, jobs };
  const named = embedder === undefined ? undefined : await openEmbedder(embedder, options);
  let usual: OpenedEmbedder | undefined;
  const openUsual = async () => (usual ??= await openEmbedder(DEFAULT_EMBEDDER, options));
  let resolved = named?.embedder;
  return {
    async resolve(vectorsGiven) {
      if (!named && !vectorsGiven) resolved = (await openUsual()).embedder;
      return resolved;
    },
    async tokenCounter() {
      const counter = tokenCounterOf((named ?? (await openUsual())).embedder);
      if (counter) return counter;
      throw new OptionError("chunkUnit tokens needs an embedder that is an encoder; use characters.");
    },
    encoderBytes: () => encoderBytesOf(resolved),
    async close() {
      await named?.close();
      await usual?.close();
    },
  };
}
