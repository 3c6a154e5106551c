import type { Embedder } from "../core/embedding/types.ts";
import type { EmbedderIdentity } from "../core/format/meta.ts";
import { huggingFaceService } from "./huggingface.ts";
import { openAIService } from "./openai.ts";
import { EmbeddingError, type Fetch, FOR_VISITORS, type RequestOptions } from "./request.ts";
import { createServiceEmbedder, type Service } from "./service.ts";
import { type AiBinding, workersAIService } from "./workers-ai.ts";

/** Bindings, secrets and variables with which a Worker embeds queries. */
export interface EmbedderBindings {
  readonly AI?: AiBinding | undefined;
  readonly OPENAI_API_KEY?: string | undefined;
  /** For servers that speak OpenAI's API. Never taken from an artifact: the key goes there. */
  readonly OPENAI_BASE_URL?: string | undefined;
  readonly HF_TOKEN?: string | undefined;
  readonly HF_BASE_URL?: string | undefined;
  /** `provider:model`. When set, an index made by another embedder is not searched by text. */
  readonly EMBEDDER?: string | undefined;
}

/** A visitor waits: one further try, and not for long. */
const AT_THE_EDGE: RequestOptions = {
  ...FOR_VISITORS,
  timeout: 10_000,
  retries: 1,
  backoff: 200,
  maxWait: 2_000,
};

/**
 * The query embedder for an index whose artifact carries none; undefined when the Worker has no means for its provider.
 * It embeds with the very identity of the index: model, dimensions, pooling and prefix.
 */
export function createEdgeEmbedder(
  identity: EmbedderIdentity,
  bindings: EmbedderBindings,
  fetch?: Fetch,
): Embedder | undefined {
  const own = `${identity.provider}:${identity.model}`;
  if (bindings.EMBEDDER && bindings.EMBEDDER !== own) return refusing(identity, bindings.EMBEDDER);
  const service = serviceOf(identity, bindings, { ...AT_THE_EDGE, fetch });
  return service && createServiceEmbedder(service);
}

function serviceOf(
  identity: EmbedderIdentity,
  bindings: EmbedderBindings,
  options: RequestOptions,
): Service | undefined {
  switch (identity.provider) {
    case "workers-ai":
      return bindings.AI && workersAIService(identity, { ...options, binding: bindings.AI });
    case "openai": {
      const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl } = bindings;
      return apiKey || baseUrl ? openAIService(identity, { ...options, apiKey, baseUrl }) : undefined;
    }
    case "huggingface": {
      const { HF_TOKEN: apiKey, HF_BASE_URL: baseUrl } = bindings;
      return apiKey || baseUrl ? huggingFaceService(identity, { ...options, apiKey, baseUrl }) : undefined;
    }
    default:
      return undefined;
  }
}

/** Says at every text search what is wrong; the index is still searched by vector, item and id. */
function refusing(identity: EmbedderIdentity, configured: string): Embedder {
  const refuse = async (): Promise<never> => {
    throw new EmbeddingError(
      "EMBEDDER_MISMATCH",
      `The index was built with ${identity.provider}:${identity.model}; this Worker is set up for ${configured}. Publish an index built with that, or change EMBEDDER.`,
    );
  };
  return { identity, embedDocuments: refuse, embedQuery: refuse };
}
