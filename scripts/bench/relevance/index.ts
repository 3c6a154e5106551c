import { join } from "node:path";
import { meanScores, type Scores, scoreRanking } from "../../../build/evaluate/metrics.ts";
import type { JudgedQuery } from "../../../build/evaluate/queries.ts";
import { build } from "../../../build/index.ts";
import { openLocalIndex } from "../../../build/local/local-index.ts";
import type { LocalIndex } from "../../../build/local/types.ts";
import type { Embedder } from "../../../worker/core/embedding/types.ts";
import type { Language } from "../../../worker/core/keyword/languages.ts";
import type { SearchMode } from "../../../worker/core/search/types.ts";
import { columns } from "../../cli/describe.ts";
import { CACHE } from "../tool.ts";
import type { JudgedSet } from "./sets.ts";

/** Ranks that count. */
export const K = 10;

/** Result by one embedder: for `--json`, and as a text. */
export interface Measured {
  readonly result: object;
  readonly text: string;
}

/** Builds an index of documents, opens it, and closes it when `run` has ended. */
export async function withIndex<R>(
  { documents, language }: Pick<JudgedSet, "documents"> & { readonly language: Language | "auto" },
  embedder: Embedder,
  run: (index: LocalIndex) => Promise<R>,
): Promise<R> {
  const { out } = await build({
    ...{ name: "relevance", out: join(CACHE, "relevance", "index"), cache: false },
    ...{ documents: documents as never, embedder, splitter: "none", keyword: { language } },
  });
  const index = await openLocalIndex(out, { embedder });
  try {
    return await run(index);
  } finally {
    await index.close();
  }
}

/** Asks an index judged queries in a mode; nDCG of their first ten hits, by ids of the documents. */
export async function ndcgOf(
  index: LocalIndex,
  queries: readonly JudgedQuery[],
  mode: SearchMode,
): Promise<number> {
  const scores: Scores[] = [];
  for (const { query, relevant } of queries) {
    const { hits } = await index.search({ query, mode, k: K, include: [] });
    const ids = hits.map(({ id }) => id);
    scores.push(scoreRanking(ids, relevant, K));
  }
  return meanScores(scores).ndcg;
}

/** Rows of names, counts and scores in columns. */
export function scoreTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  digits = 3,
): string {
  const texts = rows.map((row) =>
    row.map((cell) => (typeof cell === "number" ? cell.toFixed(digits) : cell)),
  );
  return columns([head, ...texts], [0]);
}
