import { readJudgedQueries } from "../../../build/evaluate/queries.ts";
import { openLocalIndex } from "../../../build/local/local-index.ts";
import type { SearchMode } from "../../../worker/core/search/types.ts";
import { cpuMs, medians } from "../clock.ts";

export interface TextResult {
  readonly mode: SearchMode;
  /** Milliseconds of CPU of a whole search: text, vector, ranking, documents. */
  readonly milliseconds: number;
  /** Milliseconds of CPU that embed a query's text. */
  readonly embedding: number;
}

const ROUNDS = 5;

/** CPU of whole searches by text, in every mode that the index has. */
export async function measureTexts(dir: string, path: string): Promise<TextResult[]> {
  const queries = (await readJudgedQueries(path)).map(({ query }) => query);
  const index = await openLocalIndex(dir);
  try {
    const modes: readonly SearchMode[] = index.keyword ? ["keyword", "vector", "hybrid"] : ["vector"];
    const works = [
      (query: string) => index.embedder?.embedQuery(query),
      ...modes.map((mode) => (query: string) => index.search({ query, mode, k: 10 })),
    ];
    const ofAll = (work: (query: string) => unknown) =>
      cpuMs(async () => {
        for (const query of queries) await work(query);
      });
    const times = await medians(
      works.map((work) => () => ofAll(work)),
      ROUNDS,
    );
    const [embedding = 0, ...searches] = times.map((ms) => ms / queries.length);
    return modes.map((mode, i) => ({
      ...{ mode, milliseconds: searches[i]! },
      embedding: mode === "keyword" ? 0 : embedding,
    }));
  } finally {
    await index.close();
  }
}
