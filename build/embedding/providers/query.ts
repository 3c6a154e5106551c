import type { Embedder } from "../../../worker/core/embedding/types.ts";
import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import type { EmbedderIdentity } from "../../../worker/core/format/meta.ts";
import { createEdgeEmbedder } from "../../../worker/services/edge.ts";
import { createServiceEmbedder } from "../../../worker/services/service.ts";
import { workersAIService } from "../../../worker/services/workers-ai.ts";
import { isEmbeddings, requireSameEmbedder } from "../identity.ts";
import { type EmbedderSetting, openEmbedder } from "./open-embedder.ts";
import { type Environment, missingKey } from "./services.ts";
import { createTransformersEmbedder, loadTransformers } from "./transformers.ts";

/** Variable of each service's key. */
const KEYS: Readonly<Record<string, string>> = {
  openai: "OPENAI_API_KEY",
  "workers-ai": "CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN",
};

/**
 * Embeds queries in Node for an index whose artifact carries no embedder, with the index's own identity and the keys of
 * the environment; undefined for an embedder that is no service. Hugging Face's models run here where the library is
 * installed and there is no key. Nothing is loaded or called, and no key missed, before the first query.
 */
export function createQueryEmbedder(
  identity: EmbedderIdentity,
  env: Environment = process.env,
): Embedder | undefined {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, HF_TOKEN, HF_BASE_URL } = env;
  const service = createEdgeEmbedder(identity, { OPENAI_API_KEY, OPENAI_BASE_URL, HF_TOKEN, HF_BASE_URL });
  if (service) return service;
  const { provider } = identity;
  const { CLOUDFLARE_ACCOUNT_ID: accountId, CLOUDFLARE_API_TOKEN: apiToken } = env;
  if (provider === "workers-ai" && accountId && apiToken) {
    return createServiceEmbedder(workersAIService(identity, { accountId, apiToken }));
  }
  if (provider === "huggingface") return whenAsked(identity, () => openTransformers(identity));
  const keys = KEYS[provider];
  return keys === undefined
    ? undefined
    : whenAsked(identity, async () => {
        throw missingKey(provider, keys);
      });
}

/**
 * Embeds queries with the embedder that a configuration names or brings, which must be the one that built the index; as
 * {@link createQueryEmbedder} does where there is none.
 */
export function queryEmbedderOf(
  setting: EmbedderSetting | undefined,
): (identity: EmbedderIdentity) => Embedder | undefined {
  if (setting === undefined || setting === "none") return createQueryEmbedder;
  return (identity) => whenAsked(identity, () => openSame(identity, setting));
}

/**
 * As {@link createQueryEmbedder}, and for an embedder of the application's own that of a configuration, which is read when
 * the first query asks for it.
 */
export function ownQueryEmbedder(
  read: () => Promise<EmbedderSetting | undefined>,
): (identity: EmbedderIdentity) => Embedder | undefined {
  return (identity) =>
    createQueryEmbedder(identity) ??
    whenAsked(identity, async () => {
      const setting = await read();
      if (isEmbeddings(setting)) return openSame(identity, setting);
      const { provider, model } = identity;
      const message = `The index needs the embedder ${provider} (${model}), which the configuration does not bring. Search by keywords, vector, item or id.`;
      throw new AnnoyEdgeError("NO_EMBEDDER", message);
    });
}

async function openSame(identity: EmbedderIdentity, setting: EmbedderSetting): Promise<Embedder> {
  const { embedder } = await openEmbedder(setting, { cache: false });
  if (!embedder) throw new AnnoyEdgeError("NO_EMBEDDER", "The configuration names no embedder.");
  requireSameEmbedder(identity, embedder.identity);
  return embedder;
}

async function openTransformers(identity: EmbedderIdentity): Promise<Embedder> {
  const { model, pooling, normalized, queryPrefix, documentPrefix } = identity;
  const library = await loadTransformers();
  if (!library) throw missingKey("huggingface", "HF_TOKEN, or @huggingface/transformers installed");
  const given = { pooling, queryPrefix, documentPrefix };
  const stated = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return createTransformersEmbedder({ provider: "huggingface", model, normalized, ...stated }, library);
}

function whenAsked(identity: EmbedderIdentity, open: () => Promise<Embedder>): Embedder {
  let opened: Promise<Embedder> | undefined;
  const embedder = () => {
    opened ??= open();
    return opened;
  };
  return {
    identity,
    embedDocuments: async (texts) => (await embedder()).embedDocuments(texts),
    embedQuery: async (text) => (await embedder()).embedQuery(text),
  };
}
