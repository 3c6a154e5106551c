import type { Embedder } from "../../worker/core/embedding/types.ts";
import { loadStaticEmbedder } from "./index.ts";
import { type EmbedderSetting, type OpenedEmbedder, openEmbedder } from "./providers/index.ts";

/** How documents become vectors. */
export interface EmbedderOptions {
  /**
   * `static` (default), `none` (the documents bring vectors), `openai:<model>`, `workers-ai:<model>`,
   * `huggingface:<model>`, `model2vec:<folder or hub id>`, an object with further settings, or any LangChain embeddings.
   */
  readonly embedder?: EmbedderSetting;
  /** File of the embedding cache, or false for none. Default `.annoy-edge/embeddings.sqlite`, for services. */
  readonly cache?: string | false;
}

export type EmbedderOption = EmbedderSetting;

/** The embedder of vectors that are there already: it will only embed queries, so nothing is cached. */
export async function resolveEmbedder(
  option: EmbedderOption | undefined,
  vectorsGiven: boolean,
): Promise<Embedder | undefined> {
  const { resolve } = await openBuildEmbedder({
    ...(option !== undefined && { embedder: option }),
    cache: false,
  });
  return resolve(vectorsGiven);
}

/** The embedder of a build, opened before any document is read so that a missing key is told at once. */
export interface BuildEmbedder {
  /** @param vectorsGiven whether the documents bring vectors; the default is then `none`, else `static` */
  resolve(vectorsGiven: boolean): Promise<Embedder | undefined>;
  close(): void;
}

/** @throws OptionError for a setting that cannot be; EmbeddingError when a key is missing or a service fails */
export async function openBuildEmbedder({ embedder, cache }: EmbedderOptions): Promise<BuildEmbedder> {
  const opened: OpenedEmbedder | undefined =
    embedder === undefined ? undefined : await openEmbedder(embedder, { cache });
  return {
    async resolve(vectorsGiven) {
      if (opened) return opened.embedder;
      return vectorsGiven ? undefined : loadStaticEmbedder();
    },
    close: () => opened?.close(),
  };
}
