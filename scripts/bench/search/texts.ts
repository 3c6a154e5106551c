import { readJudgedQueries } from "../../../build/evaluate/queries.ts";
import { openLocalIndex } from "../../../build/local/local-index.ts";
import type { SearchMode } from "../../../worker/core/search/types.ts";

export interface TextResult {
  readonly mode: SearchMode;
  /** Milliseconds of CPU of a whole search: text, vector, ranking, documents. */
  readonly milliseconds: number;
  /** Milliseconds of CPU that embed a query's text. */
  readonly embedding: number;
}

const ROUNDS = 3;

/** CPU of whole searches by text, in every mode that the index has: the least of some rounds, the first one apart. */
export async function measureTexts(dir: string, path: string): Promise<TextResult[]> {
  const queries = (await readJudgedQueries(path)).map(({ query }) => query);
  const index = await openLocalIndex(dir);
  const modes: readonly SearchMode[] = index.keyword ? ["keyword", "vector", "hybrid"] : ["vector"];
  const cpuOf = async (work: (query: string) => unknown): Promise<number> => {
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round <= ROUNDS; round++) {
      const before = process.cpuUsage();
      for (const query of queries) await work(query);
      const { user, system } = process.cpuUsage(before);
      if (round > 0) least = Math.min(least, (user + system) / 1000 / queries.length);
    }
    return least;
  };
  try {
    const embedding = await cpuOf((query) => index.embedder?.embedQuery(query));
    const results: TextResult[] = [];
    for (const mode of modes) {
      const milliseconds = await cpuOf((query) => index.search({ query, mode, k: 10 }));
      results.push({ mode, milliseconds, embedding: mode === "keyword" ? 0 : embedding });
    }
    return results;
  } finally {
    await index.close();
  }
}
