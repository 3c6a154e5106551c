import type { EmbedderIdentity } from "../core/format/meta.ts";
import { callService, EmbeddingError, type RequestOptions } from "./request.ts";
import type { Service } from "./service.ts";

export interface OpenAIOptions extends RequestOptions {
  /** Default `https://api.openai.com/v1`; anything that speaks its API fits. */
  readonly baseUrl?: string | undefined;
  readonly apiKey?: string | undefined;
}

const BASE_URL = "https://api.openai.com/v1";

/** OpenAI's embeddings, and servers that speak its API (https://platform.openai.com/docs/api-reference/embeddings). */
export function openAIService(identity: EmbedderIdentity, options: OpenAIOptions = {}): Service {
  const url = `${(options.baseUrl ?? BASE_URL).replace(/\/+$/, "")}/embeddings`;
  return {
    identity,
    // The API takes 2,048 texts and 300,000 tokens a request; a token may be a single character.
    maxTexts: 512,
    maxCharacters: 250_000,
    async embed(input) {
      const answer = await callService(
        {
          provider: identity.provider,
          url,
          key: options.apiKey,
          keyName: "OPENAI_API_KEY",
          body: {
            model: identity.model,
            input,
            encoding_format: "float",
            ...(identity.dimensionsRequested && { dimensions: identity.dimensions }),
          },
        },
        options,
      );
      return inOrder(answer, input.length);
    },
  };
}

/** Vectors by the index that each carries: the API does not promise their order. */
function inOrder(answer: unknown, count: number): number[][] {
  const { data } = (answer ?? {}) as { data?: unknown };
  const bad = new EmbeddingError(
    "BAD_EMBEDDING",
    `The embedder openai did not answer with ${count} vectors.`,
  );
  if (!Array.isArray(data) || data.length !== count) throw bad;
  const vectors: (number[] | undefined)[] = new Array(count);
  for (const [position, entry] of data.entries()) {
    const { index = position, embedding } = (entry ?? {}) as { index?: unknown; embedding?: unknown };
    if (
      typeof index !== "number" ||
      !(index >= 0 && index < count) ||
      vectors[index] ||
      !Array.isArray(embedding)
    ) {
      throw bad;
    }
    // Its numbers are checked with all others by createServiceEmbedder.
    vectors[index] = embedding as number[];
  }
  return vectors as number[][];
}
