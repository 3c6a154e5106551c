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
