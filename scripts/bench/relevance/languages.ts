import { meanScores, scoreRanking } from "../../../build/evaluate/metrics.ts";
import { build } from "../../../build/index.ts";
import { openLocalIndex } from "../../../build/local/local-index.ts";
import type { Embedder } from "../../../worker/core/embedding/types.ts";
import { parseSearchRequest } from "../../../worker/core/search/parse.ts";
import { search } from "../../../worker/core/search/search.ts";
import { buildOptions } from "./measure.ts";
import type { JudgedSet } from "./sets.ts";

/** nDCG@10 of words alone, of one way of indexing; by set. */
export interface WordScores {
  readonly way: string;
  readonly ndcg: readonly number[];
}

type Setting = "auto" | "en" | "none";
const POOLED: readonly Setting[] = ["auto", "en", "none"];
const K = 10;

/** Measures the words of sets in one index of all and in one each, by the setting of the language. */
export async function measurePooled(
  sets: readonly JudgedSet[],
  embedder: Embedder,
  out: string,
): Promise<WordScores[]> {
  const documents = sets.flatMap((set) =>
    set.documents.map((one) => ({ ...one, id: pooledId(set, one.id) })),
  );
  const scores: WordScores[] = [];
  for (const language of POOLED) {
    const ndcg = await wordsOf({ documents, language }, sets, { embedder, out, idOf: pooledId });
    scores.push({ way: `one index, ${language}`, ndcg });
  }
  for (const language of POOLED) {
    const ndcg: number[] = [];
    for (const set of sets) ndcg.push(...(await wordsOf({ ...set, language }, [set], { embedder, out })));
    scores.push({ way: `one index each, ${language}`, ndcg });
  }
  return scores;
}

interface Measured {
  readonly embedder: Embedder;
  readonly out: string;
  /** Id of a set's document in the index; default: its own. */
  readonly idOf?: (set: JudgedSet, id: string) => string;
}

function pooledId({ name }: JudgedSet, id: string): string {
  return `${name}:${id}`;
}

/** Builds one index, and asks it the queries of the sets by words. */
async function wordsOf(
  { documents, language }: { readonly documents: JudgedSet["documents"]; readonly language: Setting },
  sets: readonly JudgedSet[],
  { embedder, out, idOf = (_, id) => id }: Measured,
): Promise<number[]> {
  const [any] = sets;
  await build({ ...buildOptions({ ...any!, documents }, embedder, out), keyword: { language } });
  const index = await openLocalIndex(out, { embedder });
  try {
    const ndcg: number[] = [];
    for (const set of sets) {
      const scores = [];
      for (const { query, relevant } of set.queries) {
        const { hits } = await search(
          index,
          parseSearchRequest({ query, mode: "keyword", k: K, include: [] }),
        );
        const judged = new Map([...relevant].map(([id, grade]) => [idOf(set, id), grade]));
        const ids = hits.map(({ id }) => id);
        scores.push(scoreRanking(ids, judged, K));
      }
      ndcg.push(meanScores(scores).ndcg);
    }
    return ndcg;
  } finally {
    await index.close();
  }
}
