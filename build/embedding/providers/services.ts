import type { EmbedderIdentity } from "../../../worker/core/format/meta.ts";
import { huggingFaceService } from "../../../worker/services/huggingface.ts";
import { openAIService } from "../../../worker/services/openai.ts";
import { EmbeddingError } from "../../../worker/services/request.ts";
import {
  createServiceEmbedder,
  type Service,
  type ServiceEmbedder,
} from "../../../worker/services/service.ts";
import { workersAIService } from "../../../worker/services/workers-ai.ts";
import type { EmbeddingCache } from "../cache/store.ts";
import { type EmbedderSpec, requireModel } from "./spec.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** An embedder over OpenAI's API. */
export async function createOpenAI(
  spec: EmbedderSpec,
  env: Environment,
  cache?: EmbeddingCache,
): Promise<ServiceEmbedder> {
  const model = requireModel(spec, "text-embedding-3-small");
  const baseUrl = spec.baseUrl ?? env.OPENAI_BASE_URL;
  const apiKey = spec.apiKey ?? env.OPENAI_API_KEY;
  // Servers of one's own often have no key.
  if (!apiKey && !baseUrl) throw missingKey("openai", "OPENAI_API_KEY");
  return finish(
    spec,
    { model, ...(spec.dimensions !== undefined && { dimensionsRequested: true }) },
    (identity) => openAIService(identity, { ...spec, baseUrl, apiKey }),
    cache,
  );
}

/** An embedder over Workers AI's REST API. */
export async function createWorkersAI(
  spec: EmbedderSpec,
  env: Environment,
  cache?: EmbeddingCache,
): Promise<ServiceEmbedder> {
  const model = requireModel(spec, "@cf/baai/bge-base-en-v1.5");
  const accountId = spec.accountId ?? env.CLOUDFLARE_ACCOUNT_ID;
  const apiToken = spec.apiKey ?? env.CLOUDFLARE_API_TOKEN;
  if (!accountId) throw missingKey("workers-ai", "CLOUDFLARE_ACCOUNT_ID");
  if (!apiToken) throw missingKey("workers-ai", "CLOUDFLARE_API_TOKEN");
  const pooling = spec.pooling ?? defaultPooling(model);
  return finish(
    spec,
    { model, ...(pooling !== undefined && { pooling }) },
    (identity) => workersAIService(identity, { ...spec, accountId, apiToken }),
    cache,
  );
}

/** An embedder over Hugging Face's inference API. */
export async function createHuggingFaceApi(
  spec: EmbedderSpec,
  env: Environment,
  cache?: EmbeddingCache,
): Promise<ServiceEmbedder> {
  const model = requireModel(spec, "sentence-transformers/all-mpnet-base-v2");
  const apiKey = spec.apiKey ?? env.HF_TOKEN;
  const baseUrl = spec.baseUrl ?? env.HF_BASE_URL;
  if (!apiKey && !baseUrl) throw missingKey("huggingface", "HF_TOKEN");
  return finish(
    spec,
    { model },
    (identity) => huggingFaceService(identity, { ...spec, apiKey, baseUrl }),
    cache,
  );
}

/** Completes the identity: the length of the vectors is that given, that seen before, or that of a first answer. */
async function finish(
  spec: EmbedderSpec,
  known: Pick<EmbedderIdentity, "model" | "pooling" | "dimensionsRequested">,
  serviceOf: (identity: EmbedderIdentity) => Service,
  cache: EmbeddingCache | undefined,
): Promise<ServiceEmbedder> {
  const identity = (dimensions: number): EmbedderIdentity => ({
    provider: spec.provider,
    ...known,
    dimensions,
    ...(spec.queryPrefix && { queryPrefix: spec.queryPrefix }),
    ...(spec.documentPrefix && { documentPrefix: spec.documentPrefix }),
    normalized: spec.normalized ?? true,
  });
  const key = JSON.stringify([spec.provider, known.model, known.pooling, spec.baseUrl]);
  let dimensions = spec.dimensions ?? cache?.dimensions(key);
  if (dimensions === undefined) {
    const [vector] = (await serviceOf(identity(1)).embed(["How long is a vector?"])) as unknown[];
    if (!Array.isArray(vector) || typeof vector[0] !== "number") {
      throw new EmbeddingError(
        "BAD_EMBEDDING",
        `The embedder ${spec.provider} (${known.model}) did not answer with one list of numbers a text.`,
      );
    }
    dimensions = vector.length;
    cache?.putDimensions(key, dimensions);
  }
  return createServiceEmbedder(serviceOf(identity(dimensions)), spec);
}

export function missingKey(provider: string, name: string): EmbeddingError {
  return new EmbeddingError(
    "EMBEDDER_UNAUTHORIZED",
    `The embedder ${provider} needs ${name}: set it in the environment.`,
  );
}

/** Default pooling of the model; undefined for models that pool in one way only. */
function defaultPooling(model: string): string | undefined {
  // Cloudflare recommends cls for these; their default, mean, is kept for compatibility only.
  return /^@cf\/baai\/bge-(?:small|base|large)-en-v1\.5$/.test(model) ? "cls" : undefined;
}
