import type { RequestOptions } from "../../../worker/services/request.ts";
import type { ServiceLimits } from "../../../worker/services/service.ts";
import { OptionError } from "../../settings/errors.ts";

export const PROVIDERS = [
  "encoder",
  "static",
  "none",
  "openai",
  "workers-ai",
  "huggingface",
  "model2vec",
] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** An embedder by name, with what its provider needs. Keys come from the environment unless given; they are never kept. */
export interface EmbedderSpec extends RequestOptions, ServiceLimits {
  readonly provider: ProviderName;
  /** The provider's name of the model; for `model2vec` a folder or a hub id; for `encoder` and `static` a file. */
  readonly model?: string;
  /** Length of the vectors. Asked of the service where it can cut them; otherwise only checked. */
  readonly dimensions?: number;
  /** Server that speaks the provider's API. */
  readonly baseUrl?: string;
  /** `OPENAI_API_KEY`, `CLOUDFLARE_API_TOKEN`, `HF_TOKEN` in the environment. */
  readonly apiKey?: string;
  /** `CLOUDFLARE_ACCOUNT_ID` in the environment. */
  readonly accountId?: string;
  /** `cls` or `mean`, where a model offers both. */
  readonly pooling?: string;
  /** Put before every query, and before every document. */
  readonly queryPrefix?: string;
  readonly documentPrefix?: string;
  /** Scale vectors to unit length; default true. */
  readonly normalized?: boolean;
  /** Weights of a model that runs here: `fp32`, `q8`, ... */
  readonly dtype?: string;
}

/**
 * Reads `provider` or `provider:model`, as the command line has it: `openai:text-embedding-3-small`.
 *
 * @throws OptionError
 */
export function parseEmbedderSpec(text: string): EmbedderSpec {
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  const model = colon < 0 ? undefined : text.slice(colon + 1);
  const provider = PROVIDERS.find((known) => known === name);
  if (!provider) {
    throw new OptionError(`embedder is ${JSON.stringify(text)}; it can be ${PROVIDERS.join(", ")}.`);
  }
  return { provider, ...(model && { model }) };
}

/** The model of a spec. @throws OptionError when there is none */
export function requireModel(spec: EmbedderSpec, example: string): string {
  if (spec.model) return spec.model;
  throw new OptionError(
    `embedder ${spec.provider} needs a model: ${spec.provider}:${example}, for instance.`,
  );
}
