import type { Embedder } from "../../../worker/core/embedding/types.ts";
import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import { OptionError } from "../../settings/errors.ts";
import { createCachedEmbedder } from "../cache/embedder.ts";
import { type EmbeddingCache, openEmbeddingCache } from "../cache/store.ts";
import { asEmbedder, type EmbeddingsLike, isCarried, isEmbeddings } from "../identity.ts";
import { loadModel2Vec } from "../model2vec/load.ts";
import { type EncoderEmbedder, loadEncoder } from "../sentence/embedder.ts";
import { loadStaticEmbedder } from "../static.ts";
import { createHuggingFaceApi, createOpenAI, createWorkersAI, type Environment } from "./services.ts";
import { type EmbedderSpec, PROVIDERS, parseEmbedderSpec, requireModel } from "./spec.ts";
import { createTransformersEmbedder, loadTransformers } from "./transformers.ts";

/** Embedder as a build names it: `static`, `openai:text-embedding-3-small`, a spec, or any LangChain embeddings. */
export type EmbedderSetting = string | EmbedderSpec | Embedder | EmbeddingsLike;

export interface OpenEmbedderOptions {
  /**
   * File of the embedding cache, or false for none. Default `.annoy-edge/embeddings.sqlite` for encoders and services,
   * and none for an object of the application's own.
   */
  readonly cache?: string | false | undefined;
  /** Threads of an encoder; -1 (default): one a core. */
  readonly jobs?: number | undefined;
  readonly env?: Environment | undefined;
}

/** An embedder for the length of a build. */
export interface OpenedEmbedder {
  /** Undefined for `none`: the documents bring their vectors. */
  readonly embedder: Embedder | undefined;
  close(): Promise<void>;
}

const DEFAULT_CACHE = ".annoy-edge/embeddings.sqlite";

/**
 * Opens the embedder that a setting names. Those behind a service get the embedding cache in front: a text is paid for
 * once, and a build that was broken off goes on where it stopped.
 *
 * @throws OptionError for a setting that cannot be; EmbeddingError when keys are missing or the service fails
 */
export async function openEmbedder(
  setting: EmbedderSetting,
  options: OpenEmbedderOptions = {},
): Promise<OpenedEmbedder> {
  if (typeof setting === "object" && isEmbeddings(setting)) return openGiven(setting, options);
  const spec = typeof setting === "string" ? parseEmbedderSpec(setting) : setting;
  switch (spec?.provider) {
    case "none":
      return opened(undefined);
    case "encoder":
      return cached(options, () => loadEncoder(spec.model, options));
    case "static":
      return opened(await loadStaticEmbedder(spec.model));
    case "model2vec":
      return opened(await createModel2Vec(spec, options.env ?? process.env));
    case "openai":
      return cached(options, (env, cache) => createOpenAI(spec, env, cache));
    case "workers-ai":
      return cached(options, (env, cache) => createWorkersAI(spec, env, cache));
    case "huggingface":
      return cached(options, (env, cache) => createHuggingFace(spec, env, cache));
    default:
      spec?.provider satisfies undefined;
      throw new OptionError(
        `embedder is ${JSON.stringify(setting)}; it can be ${PROVIDERS.join(", ")}, or an object with embedDocuments and embedQuery.`,
      );
  }
}

/** An application's own is cached only when a cache is named: nothing says that it stays the same. */
async function openGiven(
  embeddings: Embedder | EmbeddingsLike,
  options: OpenEmbedderOptions,
): Promise<OpenedEmbedder> {
  if (isCarried(embeddings) || !options.cache) return opened(await asEmbedder(embeddings));
  return cached(options, () => asEmbedder(embeddings));
}

function opened(embedder: Embedder | undefined): OpenedEmbedder {
  return { embedder, close: () => closeEmbedder(embedder) };
}

async function closeEmbedder(embedder: Embedder | undefined): Promise<void> {
  await (embedder as Partial<EncoderEmbedder> | undefined)?.close?.();
}

function createModel2Vec(spec: EmbedderSpec, env: Environment): Promise<Embedder> {
  const model = requireModel(spec, "minishlab/potion-base-8M");
  return loadModel2Vec(model, {
    baseUrl: spec.baseUrl ?? env.HF_ENDPOINT,
    apiKey: spec.apiKey ?? env.HF_TOKEN,
  });
}

async function createHuggingFace(
  spec: EmbedderSpec,
  env: Environment,
  cache: EmbeddingCache | undefined,
): Promise<Embedder> {
  if (!spec.baseUrl) {
    const transformers = await loadTransformers();
    if (transformers) return createTransformersEmbedder(spec, transformers);
    if (!spec.apiKey && !env.HF_TOKEN) {
      throw new AnnoyEdgeError(
        "EMBEDDER_UNAVAILABLE",
        "The embedder huggingface runs models here when @huggingface/transformers is installed (npm i @huggingface/transformers), and calls the inference API when HF_TOKEN is set. Neither is the case.",
      );
    }
  }
  return createHuggingFaceApi(spec, env, cache);
}

async function cached(
  options: OpenEmbedderOptions,
  create: (env: Environment, cache: EmbeddingCache | undefined) => Promise<Embedder>,
): Promise<OpenedEmbedder> {
  const env = options.env ?? process.env;
  if (options.cache === false) return opened(await create(env, undefined));
  const cache = await openEmbeddingCache(options.cache ?? DEFAULT_CACHE);
  try {
    const embedder = await create(env, cache);
    return {
      embedder: createCachedEmbedder(embedder, cache),
      close: async () => {
        await closeEmbedder(embedder);
        cache.close();
      },
    };
  } catch (error) {
    cache.close();
    throw error;
  }
}
