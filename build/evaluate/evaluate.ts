import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import { search } from "../../worker/core/search/search.ts";
import type { Hit, SearchMode } from "../../worker/core/search/types.ts";
import { type OpenLocalOptions, openLocalIndex } from "../local/local-index.ts";
import type { LocalIndex } from "../local/types.ts";
import { OptionError } from "../settings/errors.ts";
import { integer } from "../settings/options.ts";
import type { Progress } from "../settings/progress.ts";
import { meanScores, type Scores, scoreRanking } from "./metrics.ts";
import { type JudgedQuery, readJudgedQueries } from "./queries.ts";

export interface EvaluateOptions extends OpenLocalOptions {
  /** A `.jsonl` file of judged queries, or the queries. */
  readonly queries: string | readonly JudgedQuery[];
  /** A second artifact to compare with. */
  readonly compare?: string;
  /** Ranks that count; default 10. */
  readonly k?: number;
  /** Field that judgements name: `id` (default), or a metadata field such as `url`, whose value then counts once. */
  readonly match?: string;
  readonly onProgress?: (progress: Progress) => void;
}

/** Scores of the second artifact beside the first, query by query, by nDCG. */
export interface Comparison extends Scores {
  /** Queries that the first artifact answers better, and worse. */
  readonly better: number;
  readonly worse: number;
}

export interface ModeEvaluation extends Scores {
  readonly mode: SearchMode;
  readonly compared?: Comparison;
}

export interface Evaluation {
  readonly dir: string;
  readonly version: string;
  readonly compare?: { readonly dir: string; readonly version: string };
  readonly k: number;
  readonly queries: number;
  /** One for each mode that the artifact can answer. */
  readonly modes: readonly ModeEvaluation[];
}

/** With pages instead of sections, so many sections are asked for so that k pages are among them. */
const SECTIONS_PER_PAGE = 5;

/**
 * Scores an artifact on judged queries, in every mode it has: MRR, recall and nDCG at k.
 *
 * @throws OptionError when the artifact answers no text; AnnoyEdgeError `BAD_QUERIES`
 */
export async function evaluate(dir: string, options: EvaluateOptions): Promise<Evaluation> {
  const { queries: given, compare, match = "id", onProgress } = options;
  const k = integer("k", options.k ?? 10, 1, 1000);
  const queries = typeof given === "string" ? await readJudgedQueries(given) : given;
  const opening: OpenLocalOptions = options.embedder ? { embedder: options.embedder } : {};
  const index = await openLocalIndex(dir, opening);
  const other = compare === undefined ? undefined : await openLocalIndex(compare, opening);
  try {
    const modes = modesOf(index);
    if (modes.length === 0) {
      throw new OptionError(`${dir} has neither an embedder nor a keyword index: it answers no text.`);
    }
    const otherModes = other ? modesOf(other) : [];
    const total = queries.length * (modes.length + otherModes.length);
    let done = 0;
    const run = async (of: LocalIndex, mode: SearchMode) => {
      const scores: Scores[] = [];
      for (const query of queries) {
        scores.push(await scoreQuery(of, mode, query, k, match));
        onProgress?.({ phase: "evaluate", done: ++done, total });
      }
      return scores;
    };
    const evaluations: ModeEvaluation[] = [];
    for (const mode of modes) {
      const own = await run(index, mode);
      const theirs = other && otherModes.includes(mode) ? await run(other, mode) : undefined;
      evaluations.push({ mode, ...meanScores(own), ...(theirs && { compared: comparison(own, theirs) }) });
    }
    return {
      dir,
      version: index.version,
      ...(other && compare !== undefined && { compare: { dir: compare, version: other.version } }),
      k,
      queries: queries.length,
      modes: evaluations,
    };
  } finally {
    await index.close();
    await other?.close();
  }
}

function modesOf(index: LocalIndex): SearchMode[] {
  const vector = index.embedder !== undefined;
  const keyword = index.keyword !== undefined;
  return [
    ...(vector ? (["vector"] as const) : []),
    ...(keyword ? (["keyword"] as const) : []),
    ...(vector && keyword ? (["hybrid"] as const) : []),
  ];
}

async function scoreQuery(
  index: LocalIndex,
  mode: SearchMode,
  { query, filter, relevant }: JudgedQuery,
  k: number,
  match: string,
): Promise<Scores> {
  const request = parseSearchRequest({
    query,
    mode,
    k: Math.min(1000, match === "id" ? k : k * SECTIONS_PER_PAGE),
    include: match === "id" ? [] : ["document"],
    ...(filter !== undefined && { filter }),
  });
  const { hits } = await search(index, request);
  const names = new Set<string>();
  for (const hit of hits) {
    const name = nameOf(hit, match);
    if (name !== undefined) names.add(name);
  }
  return scoreRanking([...names], relevant, k);
}

function nameOf(hit: Hit, match: string): string | undefined {
  if (match === "id") return hit.id;
  const value = hit.document?.metadata[match];
  return value === undefined || value === null ? undefined : String(value);
}

function comparison(own: readonly Scores[], theirs: readonly Scores[]): Comparison {
  const difference = own.map((scores, i) => scores.ndcg - theirs[i]!.ndcg);
  return {
    ...meanScores(theirs),
    better: difference.filter((d) => d > 1e-9).length,
    worse: difference.filter((d) => d < -1e-9).length,
  };
}
