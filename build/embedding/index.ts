export type { StaticEmbedder } from "../../worker/embedding/static/embedder.ts";
export type { Embedder } from "../../worker/embedding/types.ts";
export { type EmbedCorpusOptions, type EmbeddedCorpus, embedCorpus } from "./corpus.ts";
export { loadStaticEmbedder } from "./static.ts";
export { type EmbedOptions, embedTexts } from "./texts.ts";
export { computeWhitening, whitenVectors } from "./whitening.ts";
