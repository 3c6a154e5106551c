import type { EmbedderIdentity } from "../core/format/meta.ts";
import { callService, type RequestOptions } from "./request.ts";
import type { Service } from "./service.ts";

export interface HuggingFaceOptions extends RequestOptions {
  readonly apiKey?: string | undefined;
  /** Default `https://router.huggingface.co/hf-inference`; a dedicated endpoint's own URL fits when it is one model's. */
  readonly baseUrl?: string | undefined;
}

const BASE_URL = "https://router.huggingface.co/hf-inference";

/** Hugging Face's inference API, task feature-extraction: sentence encoders answer with one vector a text. */
export function huggingFaceService(identity: EmbedderIdentity, options: HuggingFaceOptions = {}): Service {
  const base = (options.baseUrl ?? BASE_URL).replace(/\/+$/, "");
  const url = `${base}/models/${identity.model}/pipeline/feature-extraction`;
  return {
    identity,
    maxTexts: 32,
    maxCharacters: 100_000,
    async embed(inputs) {
      const answer = await callService(
        {
          provider: "huggingface",
          url,
          key: options.apiKey,
          keyName: "HF_TOKEN",
          body: { inputs, normalize: identity.normalized, truncate: true },
        },
        options,
      );
      // Checked number by number in createServiceEmbedder; vectors of single tokens fail there.
      return answer as number[][];
    },
  };
}
