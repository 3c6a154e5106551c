import { meanScores, type Scores, scoreRanking } from "../../../build/evaluate/metrics.ts";
import { type BuildOptions, build } from "../../../build/index.ts";
import { openLocalIndex } from "../../../build/local/local-index.ts";
import type { Embedder } from "../../../worker/core/embedding/types.ts";
import { parseSearchRequest } from "../../../worker/core/search/parse.ts";
import { search } from "../../../worker/core/search/search.ts";
import type { SearchMode } from "../../../worker/core/search/types.ts";
import type { JudgedSet } from "./sets.ts";

/** nDCG@10 of a set in each mode. */
export interface SetScores {
  readonly set: string;
  readonly documents: number;
  readonly queries: number;
  readonly words: number;
  readonly meaning: number;
  readonly both: number;
}

const MODES: readonly SearchMode[] = ["keyword", "vector", "hybrid"];
const K = 10;

/** Settings of a set's index. */
export function buildOptions(set: JudgedSet, embedder: Embedder, out: string): BuildOptions {
  return {
    name: "relevance",
    documents: set.documents as never,
    out,
    embedder,
    cache: false,
    splitter: "none",
    keyword: { language: set.language },
  };
}

/** Builds a set's index at `out`, asks it all queries in every mode, and scores the first ten hits. */
export async function measureSet(set: JudgedSet, embedder: Embedder, out: string): Promise<SetScores> {
  await build(buildOptions(set, embedder, out));
  const index = await openLocalIndex(out, { embedder });
  try {
    const [words, meaning, both] = await Promise.all(
      MODES.map(async (mode) => {
        const scores: Scores[] = [];
        for (const { query, relevant } of set.queries) {
          const request = parseSearchRequest({ query, mode, k: K, include: [] });
          const { hits } = await search(index, request);
          scores.push(
            scoreRanking(
              hits.map(({ id }) => id),
              relevant,
              K,
            ),
          );
        }
        return meanScores(scores).ndcg;
      }),
    );
    const { length: queries } = set.queries;
    return {
      set: set.name,
      documents: set.documents.length,
      queries,
      words: words!,
      meaning: meaning!,
      both: both!,
    };
  } finally {
    await index.close();
  }
}

/** Both together against the better of the two alone. */
export function gainOf({ words, meaning, both }: SetScores): number {
  return both - Math.max(words, meaning);
}
