import type { EmbedderIdentity } from "../format/meta.ts";

/** Turns text into vectors. LangChain's own interface, so any @langchain/core Embeddings fits beside an identity. */
export interface Embedder {
  readonly identity: EmbedderIdentity;
  /** One vector a text, `identity.dimensions` numbers each, in order. */
  embedDocuments(texts: string[]): Promise<number[][]>;
  embedQuery(text: string): Promise<number[]>;
}
