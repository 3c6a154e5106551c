import { execFile } from "node:child_process";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { meanScores, scoreRanking } from "../../../build/evaluate/metrics.ts";
import { meanOf } from "../../../build/numeric/statistics.ts";
import type { Embedder } from "../../../worker/core/embedding/types.ts";
import { dotFloat } from "../../../worker/core/forest/products.ts";
import type { MeasuredEmbedder } from "./embedders.ts";
import { K, type Measured, scoreTable } from "./index.ts";
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
const SCRIPT = join(import.meta.dirname, "reference.py");

/**
 * A model by its reference implementation: sentence-transformers in float32. Queries have no prefix.
 *
 * @param folder as Hugging Face has it
 * @param python with sentence-transformers installed
 */
export async function openReference(folder: string, python: string): Promise<Embedder> {
  const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as { hidden_size: number };
  const dimensions = config.hidden_size;
  const model = basename(resolve(folder));
  const embedDocuments = async (texts: string[]): Promise<number[][]> => {
    await using work = await mkdtempDisposable(join(tmpdir(), "annoy-edge-reference-"));
    const [input, output] = [join(work.path, "texts.json"), join(work.path, "vectors.f32")];
    await writeFile(input, JSON.stringify(texts));
    await promisify(execFile)(python, [SCRIPT, resolve(folder), input, output]);
    const bytes = await readFile(output);
    const rows = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    return texts.map((_, i) => Array.from(rows.subarray(i * dimensions, (i + 1) * dimensions)));
  };
  return {
    identity: { provider: "sentence-transformers", model, dimensions, normalized: true },
    embedDocuments,
    embedQuery: async (text) => (await embedDocuments([text]))[0]!,
  };
}

/** Ranks all documents for all queries by both embedders' vectors, and compares the vectors themselves. */
export async function scoreReference(
  set: JudgedSet,
  own: MeasuredEmbedder,
  reference: MeasuredEmbedder,
): Promise<ReferenceScores> {
  const [a, b] = [await vectorsOf(set, own), await vectorsOf(set, reference)];
  const cosines = a.documents
    .slice(0, COSINES)
    .map((vector, i) => dotFloat(vector, 0, b.documents[i]!) / Math.sqrt(dotFloat(vector, 0, vector)));
  return {
    ...{ set: set.name, queries: set.queries.length, own: ndcg(set, a), reference: ndcg(set, b) },
    cosine: meanOf(cosines, (cosine) => cosine),
    leastCosine: Math.min(...cosines),
  };
}

export function describeReference(embedder: string, sets: readonly ReferenceScores[]): Measured {
  const rows = sets.map(({ set, queries, own, reference, cosine, leastCosine }) => [
    ...[set, String(queries), own, reference, own - reference, cosine, leastCosine],
  ]);
  const head = ["set", "queries", embedder, "float32", "difference", "cosine", "least"];
  return { result: { embedder, sets }, text: `${scoreTable(head, rows, 4)}` };
}

interface Vectors {
  readonly documents: readonly Float32Array[];
  readonly queries: readonly Float32Array[];
}

async function vectorsOf(
  { documents, queries }: JudgedSet,
  { embedder }: MeasuredEmbedder,
): Promise<Vectors> {
  const { queryPrefix, documentPrefix } = embedder.identity;
  const texts = queries.map(({ query }) => query);
  const rows = await embedder.embedDocuments(documents.map(({ pageContent }) => pageContent));
  // Without prefixes a query is a text like any other, and many are embedded at once.
  const asked =
    queryPrefix === documentPrefix
      ? await embedder.embedDocuments(texts)
      : await Promise.all(texts.map(embedder.embedQuery));
  return {
    documents: rows.map((row) => Float32Array.from(row)),
    queries: asked.map((row) => Float32Array.from(row)),
  };
}

function ndcg({ documents, queries }: JudgedSet, vectors: Vectors): number {
  const scores = queries.map(({ relevant }, i) => {
    const found = vectors.documents.map((vector) => dotFloat(vector, 0, vectors.queries[i]!));
    const order = [...found.keys()].sort((x, y) => found[y]! - found[x]! || x - y).slice(0, K);
    const ids = order.map((row) => documents[row]!.id);
    return scoreRanking(ids, relevant, K);
  });
  return meanScores(scores).ndcg;
}
