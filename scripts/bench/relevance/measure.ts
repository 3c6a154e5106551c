import { meanScores, type Scores, scoreRanking } from "../../../build/evaluate/metrics.ts";
import type { JudgedQuery } from "../../../build/evaluate/queries.ts";
import { type BuildOptions, build } from "../../../build/index.ts";
import { openLocalIndex } from "../../../build/local/local-index.ts";
import type { LocalIndex } from "../../../build/local/types.ts";
import type { Embedder } from "../../../worker/core/embedding/types.ts";
import type { SearchMode } from "../../../worker/core/search/types.ts";
import type { JudgedSet } from "./sets.ts";

/** Ranks that count. */
export const K = 10;

/** nDCG@10 of a set in each mode. */
export interface SetScores {
  readonly set: string;
  readonly documents: number;
  readonly queries: number;
  readonly words: number;
  readonly meaning: number;
  readonly both: number;
}

/** An index of a set to build: the embedder of its texts, and the folder. */
export interface Indexing {
  readonly embedder: Embedder;
  readonly out: string;
}

/** Builds an index of documents, opens it, and closes it when `run` has ended. */
export async function withIndex<R>(
  documents: JudgedSet["documents"],
  keyword: BuildOptions["keyword"],
  { embedder, out }: Indexing,
  run: (index: LocalIndex) => Promise<R>,
): Promise<R> {
  await build({
    ...{ name: "relevance", documents: documents as never, out, embedder, cache: false },
    ...{ splitter: "none", ...(keyword !== undefined && { keyword }) },
  });
  const index = await openLocalIndex(out, { embedder });
  try {
    return await run(index);
  } finally {
    await index.close();
  }
}

/** Asks an index judged queries in a mode; scores of their first ten hits, by ids of the documents. */
export async function scoresOf(
  index: LocalIndex,
  queries: readonly JudgedQuery[],
  mode: SearchMode,
  idOf = (id: string) => id,
): Promise<Scores> {
  const scores: Scores[] = [];
  for (const { query, relevant } of queries) {
    const { hits } = await index.search({ query, mode, k: K, include: [] });
    const judged = new Map(Array.from(relevant, ([id, grade]) => [idOf(id), grade]));
    scores.push(
      scoreRanking(
        hits.map(({ id }) => id),
        judged,
        K,
      ),
    );
  }
  return meanScores(scores);
}

/** Builds a set's index, asks it all queries in every mode, and scores the first ten hits. */
export function measureSet(
  { name, language, documents, queries }: JudgedSet,
  indexing: Indexing,
): Promise<SetScores> {
  return withIndex(documents, { language }, indexing, async (index) => ({
    ...{ set: name, documents: documents.length, queries: queries.length },
    words: (await scoresOf(index, queries, "keyword")).ndcg,
    meaning: (await scoresOf(index, queries, "vector")).ndcg,
    both: (await scoresOf(index, queries, "hybrid")).ndcg,
  }));
}

/** Both together against the better of the two alone. */
export function gainOf({ words, meaning, both }: SetScores): number {
  return both - Math.max(words, meaning);
}
