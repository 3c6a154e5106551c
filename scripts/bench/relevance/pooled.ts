import { meanOf } from "../../../build/numeric/statistics.ts";
import type { MeasuredEmbedder } from "./embedders.ts";
import { type Measured, ndcgOf, scoreTable, withIndex } from "./index.ts";
import type { JudgedSet } from "./sets.ts";

const LANGUAGES = ["auto", "en", "none"] as const;

/** Measures the words of sets in one index of all and in one each, by the setting of the language. */
export async function measurePooled(
  read: readonly JudgedSet[],
  { embedder }: MeasuredEmbedder,
): Promise<Measured> {
  const sets = read.map(withOwnIds);
  const pool = sets.flatMap(({ documents }) => documents);
  const ways: { readonly way: string; readonly ndcg: readonly number[] }[] = [];
  for (const language of LANGUAGES) {
    const ndcg = await withIndex({ documents: pool, language }, embedder, async (index) => {
      const found: number[] = [];
      for (const { queries } of sets) found.push(await ndcgOf(index, queries, "keyword"));
      return found;
    });
    ways.push({ way: `one index, ${language}`, ndcg });
  }
  for (const language of LANGUAGES) {
    const ndcg: number[] = [];
    for (const { documents, queries } of sets) {
      const score = withIndex({ documents, language }, embedder, (index) =>
        ndcgOf(index, queries, "keyword"),
      );
      ndcg.push(await score);
    }
    ways.push({ way: `one index each, ${language}`, ndcg });
  }
  const names = sets.map(({ name }) => name);
  const rows = ways.map(({ way, ndcg }) => [way, ...ndcg, meanOf(ndcg, (score) => score)]);
  return {
    result: { sets: names, ways },
    text: `${scoreTable(["words, nDCG@10", ...names, "mean"], rows)}`,
  };
}

/** The set with its name in front of each id, so that no two sets share one. */
function withOwnIds(set: JudgedSet): JudgedSet {
  const own = (id: string) => `${set.name}:${id}`;
  return {
    ...set,
    documents: set.documents.map((document) => ({ ...document, id: own(document.id) })),
    queries: set.queries.map(({ query, relevant }) => ({
      query,
      relevant: new Map(Array.from(relevant, ([id, grade]) => [own(id), grade])),
    })),
  };
}
