import { createEdgeEmbedder } from "../../../worker/embedding/edge.ts";
import { createServiceEmbedder } from "../../../worker/embedding/services/service.ts";
import { workersAIService } from "../../../worker/embedding/services/workers-ai.ts";
import type { Embedder } from "../../../worker/embedding/types.ts";
import type { EmbedderIdentity } from "../../../worker/format/meta.ts";
import type { Environment } from "./services.ts";
import { createTransformersEmbedder, loadTransformers } from "./transformers.ts";

/**
 * Embeds queries in Node for an index whose artifact carries no embedder, with the index's own identity and the keys of
 * the environment; undefined when they are not there. Hugging Face's models run here where the library is installed and
 * there is no key. Nothing is loaded or called before the first query.
 */
export function createQueryEmbedder(
  identity: EmbedderIdentity,
  env: Environment = process.env,
): Embedder | undefined {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, HF_TOKEN, HF_BASE_URL } = env;
  const service = createEdgeEmbedder(identity, { OPENAI_API_KEY, OPENAI_BASE_URL, HF_TOKEN, HF_BASE_URL });
  if (service) return service;
  const { CLOUDFLARE_ACCOUNT_ID: accountId, CLOUDFLARE_API_TOKEN: apiToken } = env;
  if (identity.provider === "workers-ai" && accountId && apiToken) {
    return createServiceEmbedder(workersAIService(identity, { accountId, apiToken }));
  }
  return identity.provider === "huggingface" ? whenInstalled(identity) : undefined;
}

function whenInstalled(identity: EmbedderIdentity): Embedder {
  const { model, pooling, normalized, queryPrefix, documentPrefix } = identity;
  let loaded: Promise<Embedder> | undefined;
  const load = async (): Promise<Embedder> => {
    const library = await loadTransformers();
    if (!library) throw new Error("set HF_TOKEN, or install @huggingface/transformers");
    const given = { pooling, queryPrefix, documentPrefix };
    const stated = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return createTransformersEmbedder({ provider: "huggingface", model, normalized, ...stated }, library);
  };
  const embedder = () => {
    loaded ??= load();
    return loaded;
  };
  return {
    identity,
    embedDocuments: async (texts) => (await embedder()).embedDocuments(texts),
    embedQuery: async (text) => (await embedder()).embedQuery(text),
  };
}
