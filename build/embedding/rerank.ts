import type { Reranker } from "../../worker/core/embedding/types.ts";
import { createReranker } from "../../worker/services/rerank.ts";

/** The reranker that the environment names; undefined where it names none. @throws AnnoyEdgeError `BAD_CONFIGURATION` */
export function environmentReranker(env: NodeJS.ProcessEnv = process.env): Reranker | undefined {
  const { RERANKER, RERANKER_MODEL, RERANKER_API_KEY, RERANKER_TIMEOUT_SECONDS } = env;
  return createReranker({ RERANKER, RERANKER_MODEL, RERANKER_API_KEY, RERANKER_TIMEOUT_SECONDS });
}
