export type { StaticEmbedder } from "../../worker/core/embedding/static/embedder.ts";
export type { Embedder } from "../../worker/core/embedding/types.ts";
export {
  carriedBy,
  type EmbedCorpusOptions,
  type EmbeddedCorpus,
  embedCorpus,
  isWhitened,
} from "./corpus.ts";
export { loadStaticEmbedder } from "./static.ts";
export { type EmbedOptions, embedBlocks, embedTexts } from "./texts.ts";
export { computeWhitening, whiteningStep, whitenVectors } from "./whitening.ts";
