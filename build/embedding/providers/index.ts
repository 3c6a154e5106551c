export {
  DEFAULT_CACHE,
  type EmbedderSetting,
  type OpenEmbedderOptions,
  type OpenedEmbedder,
  openEmbedder,
} from "./open-embedder.ts";
export { createQueryEmbedder, ownQueryEmbedder, queryEmbedderOf } from "./query.ts";
export type { Environment } from "./services.ts";
export { type EmbedderSpec, PROVIDERS, type ProviderName, parseEmbedderSpec } from "./spec.ts";
