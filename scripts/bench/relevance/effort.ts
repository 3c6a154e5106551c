import { meanScores, type Scores, scoreRanking } from "../../../build/evaluate/metrics.ts";
import { type JudgedQuery, readJudgedQueries } from "../../../build/evaluate/queries.ts";
import { build } from "../../../build/index.ts";
import { openLocalIndex } from "../../../build/local/local-index.ts";
import type { LocalIndex } from "../../../build/local/types.ts";
import type { Neighbours } from "../../../worker/core/forest/types.ts";
import { idOfItem } from "../../../worker/core/format/ids.ts";
import type { CertifiedRecall } from "../../../worker/core/format/meta.ts";
import { buildDemo } from "../../demo/index.ts";
import type { MeasuredEmbedder } from "./embedders.ts";
import { buildOptions } from "./measure.ts";
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

const K = 10;
/** The least CPU of so many rounds counts. */
const ROUNDS = 3;

/** Builds a set's index at `out`, and asks its vectors all questions at the default effort, by a whole walk and by a scan. */
export async function measureEffort(
  set: JudgedSet,
  measured: MeasuredEmbedder,
  out: string,
): Promise<EffortScores> {
  await build(buildOptions(set, measured.embedder, out));
  return effortOf(set.name, out, set.queries, measured);
}

/** The same with the demo and its questions; the demo is built where it is not there. */
export async function measureDemo(root: string, measured: MeasuredEmbedder): Promise<EffortScores> {
  const { dir } = await buildDemo({ root });
  const queries = await readJudgedQueries(`${root}/scripts/demo/judged.jsonl`);
  return effortOf("demo", dir, queries, measured);
}

async function effortOf(
  set: string,
  dir: string,
  judged: readonly JudgedQuery[],
  { embedder, embedQueries }: MeasuredEmbedder,
): Promise<EffortScores> {
  const index = await openLocalIndex(dir, { embedder });
  try {
    const queries = await embedQueries(judged.map(({ query }) => query));
    const { header, meta } = index.artifact;
    const all = header.nSlots * Math.max(1, header.nTrees);
    const ways = {
      exact: { k: K, accept: () => true, acceptFraction: 0 },
      whole: { k: K, searchK: all },
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
      ...scoresOf(index, judged, found[name].answers, found.exact.answers),
      milliseconds: found[name].milliseconds,
    });
    return {
      ...{ set, documents: header.nSlots, certified: meta.certified },
      ...{ usual: score("usual"), whole: score("whole"), exact: score("exact") },
    };
  } finally {
    await index.close();
  }
}

const NOTHING: { readonly answers: readonly Neighbours[]; readonly milliseconds: number } = {
  answers: [],
  milliseconds: Number.POSITIVE_INFINITY,
};

function scoresOf(
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
