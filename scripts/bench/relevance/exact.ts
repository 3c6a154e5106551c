import { meanScores, scoreRanking } from "../../../build/evaluate/metrics.ts";
import { meanOf } from "../../../build/numeric/statistics.ts";
import { dotFloat } from "../../../worker/core/forest/products.ts";
import type { MeasuredEmbedder } from "./embedders.ts";
import { K } from "./measure.ts";
import type { JudgedSet } from "./sets.ts";

/** Vectors of an embedder beside those of the reference implementation of its model, by exact search. */
export interface ReferenceScores {
  readonly set: string;
  readonly queries: number;
  /** nDCG@10 of the embedder and of the reference. */
  readonly own: number;
  readonly reference: number;
  /** Mean and least cosine of the vectors of the documents, 1,000 at most. */
  readonly cosine: number;
  readonly leastCosine: number;
}

const COSINES = 1000;

/** Ranks all documents for all queries by both embedders' vectors, and compares the vectors themselves. */
export async function compareToReference(
  set: JudgedSet,
  own: MeasuredEmbedder,
  reference: MeasuredEmbedder,
): Promise<ReferenceScores> {
  const [a, b] = [await vectorsOf(set, own), await vectorsOf(set, reference)];
  const cosines = a.documents
    .slice(0, COSINES)
    .map((vector, i) => dotFloat(vector, 0, b.documents[i]!) / Math.sqrt(dotFloat(vector, 0, vector)));
  return {
    set: set.name,
    queries: set.queries.length,
    own: ndcg(set, a),
    reference: ndcg(set, b),
    cosine: meanOf(cosines, (cosine) => cosine),
    leastCosine: Math.min(...cosines),
  };
}

interface Vectors {
  readonly documents: readonly Float32Array[];
  readonly queries: readonly Float32Array[];
}

async function vectorsOf({ documents, queries }: JudgedSet, measured: MeasuredEmbedder): Promise<Vectors> {
  const texts = documents.map(({ pageContent }) => pageContent);
  const rows = await measured.embedder.embedDocuments(texts);
  const asked = await measured.embedQueries(queries.map(({ query }) => query));
  return { documents: rows.map((row) => Float32Array.from(row)), queries: asked };
}

function ndcg({ documents, queries }: JudgedSet, vectors: Vectors): number {
  const scores = queries.map(({ relevant }, i) => {
    const found = vectors.documents.map((vector) => dotFloat(vector, 0, vectors.queries[i]!));
    const order = [...found.keys()].sort((x, y) => found[y]! - found[x]! || x - y).slice(0, K);
    return scoreRanking(
      order.map((row) => documents[row]!.id),
      relevant,
      K,
    );
  });
  return meanScores(scores).ndcg;
}
