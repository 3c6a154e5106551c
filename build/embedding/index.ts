export type { StaticEmbedder } from "../../worker/core/embedding/static/embedder.ts";
export type { Embedder } from "../../worker/core/embedding/types.ts";
export { carriedBy, embedCorpus, isWhitened } from "./corpus.ts";
export { loadStaticEmbedder } from "./static.ts";
export { embedBlocks, embedTexts } from "./texts.ts";
export { computeWhitening, whiteningStep, whitenVectors } from "./whitening.ts";
