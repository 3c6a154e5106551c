import type { EmbedderIdentity } from "../format/meta.ts";
import type { Work } from "../format/work.ts";

/** Turns text into vectors. LangChain's own interface, so any @langchain/core Embeddings fits beside an identity. */
export interface Embedder {
  readonly identity: EmbedderIdentity;
  /** One vector a text, `identity.dimensions` numbers each, in order. */
  embedDocuments(texts: string[]): Promise<number[][]>;
  embedQuery(text: string): Promise<number[]>;
  /**
   * Vectors of many queries, at less than what they cost one by one. Absent where that makes no difference.
   *
   * @param work counts what it takes
   */
  embedQueries?(texts: readonly string[], work?: Work): Promise<number[][]>;
}

/** An embedder that an artifact carries within itself: the same code and the same table at build time and at the edge. */
export interface CarriedEmbedder extends Embedder {
  /** Section `embeddingTable`. */
  readonly tableBytes: Uint8Array;
  /** Writes the vector of `text` into `out`, `identity.dimensions` long. Synchronous; all zeros when nothing is known. */
  embedInto(text: string, out: Float32Array): void;
  /**
   * For ordering short texts by how near they are to one vector, at a fraction of what embedding them costs: larger is
   * nearer, not quite by cosine.
   */
  nearness?(vector: Float32Array): (text: string) => number;
}

/** Methods of an embedder that has the vector of a text at once. */
export function embedderBy(
  dimensions: number,
  embedInto: CarriedEmbedder["embedInto"],
): Pick<CarriedEmbedder, "embedInto" | "embedDocuments" | "embedQuery"> {
  const embed = (text: string): number[] => {
    const vector = new Float32Array(dimensions);
    embedInto(text, vector);
    return Array.from(vector);
  };
  return {
    embedInto,
    embedDocuments: async (texts) => texts.map(embed),
    embedQuery: async (text) => embed(text),
  };
}

/** Model that reads a query and a text together and says how well the text answers. */
export interface Reranker {
  /** Name for messages: `workers-ai (@cf/baai/bge-reranker-base)`. */
  readonly name: string;
  /**
   * Scores of texts for a query, in order; larger is better.
   *
   * @throws AnnoyEdgeError when the model does not answer in time, or not with scores
   */
  scores(query: string, texts: readonly string[]): Promise<readonly number[]>;
}
