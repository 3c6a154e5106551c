export { type EmbedderSetting, type OpenedEmbedder, openEmbedder } from "./open-embedder.ts";
export { createQueryEmbedder, ownQueryEmbedder, queryEmbedderOf } from "./query.ts";
export { type EmbedderSpec, parseEmbedderSpec } from "./spec.ts";
