import type { Embedder } from "../../worker/embedding/types.ts";
import type { EmbedderIdentity } from "../../worker/format/meta.ts";
import { openEmbedder } from "../embedding/providers/index.ts";

const SERVICES: readonly string[] = ["openai", "workers-ai", "huggingface"];

/**
 * The query embedder of an index that was built with a service, with keys from the environment; undefined for any other.
 * Nothing is asked of the service, and no key needed, before the first text.
 */
export function serviceEmbedder(identity: EmbedderIdentity): Embedder | undefined {
  if (!SERVICES.includes(identity.provider)) return undefined;
  let opened: Promise<Embedder> | undefined;
  const open = () => {
    opened ??= openService(identity);
    return opened;
  };
  return {
    identity,
    embedDocuments: async (texts) => (await open()).embedDocuments(texts),
    embedQuery: async (text) => (await open()).embedQuery(text),
  };
}

async function openService(identity: EmbedderIdentity): Promise<Embedder> {
  const { provider, model, dimensions, pooling, queryPrefix, documentPrefix, normalized } = identity;
  const { embedder } = await openEmbedder(
    {
      // One of SERVICES, which are all names of providers.
      provider: provider as "openai" | "workers-ai" | "huggingface",
      model,
      normalized,
      // A length is asked of the service only where the build asked for one.
      ...(identity.dimensionsRequested && { dimensions }),
      ...(pooling !== undefined && { pooling }),
      ...(queryPrefix !== undefined && { queryPrefix }),
      ...(documentPrefix !== undefined && { documentPrefix }),
    },
    { cache: false },
  );
  if (!embedder) throw new Error(`No embedder for ${provider}.`);
  return embedder;
}
