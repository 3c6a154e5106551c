/**
 * LangChain.js over an Annoy index, local or behind a Worker.
 *
 * ```ts
 * import { AnnoyVectorStore } from "annoy-edge/langchain";
 * const store = await AnnoyVectorStore.load("artifacts/docs");
 * const retriever = store.asRetriever({ k: 4, searchType: "mmr", searchKwargs: { fetchK: 20, lambda: 0.5 } });
 * ```
 */

export { loadStaticEmbedder } from "../embedding/static.ts";
export type { AnnoyLibConfig, FromIndexOptions } from "./create.ts";
export { ReadOnlyError } from "./errors.ts";
export type { ConnectOptions } from "./remote.ts";
export { AnnoyVectorStore } from "./store.ts";

import { AnnoyVectorStore } from "./store.ts";

/** The store over a Worker: {@link AnnoyVectorStore.connect}. */
export const connect = AnnoyVectorStore.connect;
