import type { EmbedderIdentity } from "../core/format/meta.ts";
import { callService, EmbeddingError, type RequestOptions } from "./request.ts";
import type { Service } from "./service.ts";

/** The part of the binding `[ai]` that is used; Cloudflare's `Ai` fits. */
export interface AiBinding {
  run(model: string, inputs: Record<string, unknown>): Promise<unknown>;
}

export interface WorkersAIOptions extends RequestOptions {
  /** Inside a Worker. */
  readonly binding?: AiBinding | undefined;
  /** Elsewhere, over REST. */
  readonly accountId?: string | undefined;
  readonly apiToken?: string | undefined;
  readonly baseUrl?: string | undefined;
}

const BASE_URL = "https://api.cloudflare.com/client/v4";

/**
 * Workers AI, by its binding at the edge and by REST elsewhere
 * (https://developers.cloudflare.com/workers-ai/models/bge-base-en-v1.5/). Models that pool in two ways get the one that
 * the identity names: vectors of `cls` and `mean` cannot be compared.
 */
export function workersAIService(identity: EmbedderIdentity, options: WorkersAIOptions): Service {
  const { model, pooling } = identity;
  const { binding } = options;
  return {
    identity,
    maxTexts: 100,
    maxCharacters: 200_000,
    async embed(text) {
      const body = { text, ...(pooling && { pooling }) };
      const answer = binding
        ? await runBinding(binding, model, body)
        : resultOf(
            await callService(
              {
                provider: "workers-ai",
                url: `${(options.baseUrl ?? BASE_URL).replace(/\/+$/, "")}/accounts/${options.accountId}/ai/run/${model}`,
                key: options.apiToken,
                keyName: "CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID",
                body,
              },
              options,
            ),
          );
      const { data, pooling: used } = (answer ?? {}) as { data?: unknown; pooling?: unknown };
      if (pooling && typeof used === "string" && used !== pooling) {
        throw new EmbeddingError(
          "EMBEDDER_MISMATCH",
          `Workers AI pooled by ${used}; the index was built with ${pooling}.`,
        );
      }
      // Checked number by number in createServiceEmbedder.
      return data as number[][];
    },
  };
}

async function runBinding(
  binding: AiBinding,
  model: string,
  body: Record<string, unknown>,
): Promise<unknown> {
  try {
    return await binding.run(model, body);
  } catch (cause) {
    throw new EmbeddingError("EMBEDDER_UNAVAILABLE", `Workers AI failed to run ${model}.`, { cause });
  }
}

function resultOf(answer: unknown): unknown {
  const { success, result } = (answer ?? {}) as { success?: unknown; result?: unknown };
  if (success === false) throw new EmbeddingError("BAD_EMBEDDING", "Workers AI answered without success.");
  return result;
}
