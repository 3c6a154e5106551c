import { meanScores, type Scores, scoreRanking } from "../../../build/evaluate/metrics.ts";
import { type JudgedQuery, readJudgedQueries } from "../../../build/evaluate/queries.ts";
import { openLocalIndex } from "../../../build/local/local-index.ts";
import type { LocalIndex } from "../../../build/local/types.ts";
import type { Neighbours } from "../../../worker/core/forest/types.ts";
import { idOfItem } from "../../../worker/core/format/ids.ts";
import type { CertifiedRecall } from "../../../worker/core/format/meta.ts";
import { buildDemo } from "../../demo/index.ts";
import type { MeasuredEmbedder } from "./embedders.ts";
import { K, withIndex } from "./measure.ts";
import type { JudgedSet } from "./sets.ts";

/** Vectors of a set's questions, searched in one way. */
export interface Effort {
  /** Share of the ten nearest documents, by a scan of all codes, that are found. */
  readonly recall: number;
  readonly ndcg: number;
  readonly mrr: number;
  /** Milliseconds of CPU a query, without the embedding of its text. */
  readonly milliseconds: number;
}

export interface EffortScores {
  readonly set: string;
  readonly documents: number;
  readonly certified: CertifiedRecall;
  /** At the default searchK. */
  readonly usual: Effort;
  /** A walk that visits all leaves. */
  readonly whole: Effort;
  /** A scan of all codes. */
  readonly exact: Effort;
}

/** The least CPU of so many rounds counts. */
const ROUNDS = 3;

/** Builds a set's index at `out`, and asks its vectors all questions at the default effort, by a whole walk and by a scan. */
export function measureEffort(
  { name, language, documents, queries }: JudgedSet,
  measured: MeasuredEmbedder,
  out: string,
): Promise<EffortScores> {
  return withIndex(documents, { language }, { embedder: measured.embedder, out }, (index) =>
    effortOf(name, index, queries, measured),
  );
}

/** The same with the demo and its questions; the demo is built where it is not there. */
export async function measureDemo(root: string, measured: MeasuredEmbedder): Promise<EffortScores> {
  const { dir } = await buildDemo({ root });
  const queries = await readJudgedQueries(`${root}/scripts/demo/judged.jsonl`);
  const index = await openLocalIndex(dir, { embedder: measured.embedder });
  try {
    return await effortOf("demo", index, queries, measured);
  } finally {
    await index.close();
  }
}

async function effortOf(
  set: string,
  index: LocalIndex,
  judged: readonly JudgedQuery[],
  { embedQueries }: MeasuredEmbedder,
): Promise<EffortScores> {
  const queries = await embedQueries(judged.map(({ query }) => query));
  const { header, meta } = index.artifact;
  const ways = {
    exact: { k: K, accept: () => true, acceptFraction: 0 },
    whole: { k: K, searchK: header.nSlots * Math.max(1, header.nTrees) },
    usual: { k: K },
  };
  const found = { exact: NOTHING, whole: NOTHING, usual: NOTHING };
  const names = Object.keys(ways) as (keyof typeof ways)[];
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) {
      const before = process.cpuUsage();
      const answers = queries.map((query) => index.forest.search(query, ways[name]));
      const { user, system } = process.cpuUsage(before);
      const milliseconds = (user + system) / 1000 / queries.length;
      found[name] = { answers, milliseconds: Math.min(found[name].milliseconds, milliseconds) };
    }
  }
  const score = (name: keyof typeof ways): Effort => ({
    ...vectorScores(index, judged, found[name].answers, found.exact.answers),
    milliseconds: found[name].milliseconds,
  });
  return {
    ...{ set, documents: header.nSlots, certified: meta.certified },
    ...{ usual: score("usual"), whole: score("whole"), exact: score("exact") },
  };
}

const NOTHING: { readonly answers: readonly Neighbours[]; readonly milliseconds: number } = {
  answers: [],
  milliseconds: Number.POSITIVE_INFINITY,
};

function vectorScores(
  { ids }: LocalIndex,
  judged: readonly JudgedQuery[],
  answers: readonly Neighbours[],
  exact: readonly Neighbours[],
): Omit<Effort, "milliseconds"> {
  const scores: Scores[] = [];
  let recall = 0;
  for (const [i, { items, distances }] of answers.entries()) {
    const nearest = exact[i]!.distances;
    // Whatever is as near as the last exact one counts.
    recall += distances.filter((distance) => distance <= nearest.at(-1)!).length / nearest.length;
    scores.push(
      scoreRanking(
        items.map((item) => idOfItem(ids, item)!),
        judged[i]!.relevant,
        K,
      ),
    );
  }
  const { ndcg, mrr } = meanScores(scores);
  return { recall: recall / answers.length, ndcg, mrr };
}
