import { meanOf, meanWithError, median } from "../../build/numeric/statistics.ts";
import { inner } from "./data.ts";
import {
  type AskResult,
  type AtDefault,
  type Contender,
  type Curve,
  type DataSet,
  K,
  type Point,
  type Session,
} from "./types.ts";

/** Seconds that one setting is asked for in each round, more or less. */
const ROUND_SECONDS = 0.4;
const FEWEST_QUERIES = 20;
/** Recall rests on at least so many queries: the standard error at 0.99 is then about 0.002. */
const RECALL_QUERIES = 400;
const WARM_UP_QUERIES = 50;
/** Times that a round asks all queries, at most: answers of tens of microseconds take that many to fill it. */
const MOST_PASSES = 20;
/** CPU time that everybody works before anything counts: compilers, WebAssembly's among them, take their turns meanwhile. */
const WARM_UP_SECONDS = 1.5;
/** Settings whose recall lies outside are of no interest. */
const LEAST_RECALL = 0.7;
const ENOUGH_RECALL = 0.996;

interface Course {
  readonly setting: number;
  /** Queries a round. */
  readonly count: number;
  readonly recalls: Map<number, number>;
  readonly speeds: number[];
}

export interface Runner {
  readonly contender: Contender;
  readonly session: Session;
  /** Bytes resident after the first answer. */
  readonly memory: number;
  courses: Course[];
}

/**
 * Finds the settings worth measuring and how many queries of each take a fair while, and warms everything up. Ends with
 * the first setting that finds nearly everything.
 *
 * @returns why there is none, as a reason to leave the contender out; undefined when there are some
 */
export async function survey(
  runner: Runner,
  set: DataSet,
  { quick, rounds }: { readonly quick: boolean; readonly rounds: number },
): Promise<string | undefined> {
  const { contender, session } = runner;
  const seconds = quick ? ROUND_SECONDS / 2 : ROUND_SECONDS;
  const fewest = quick ? FEWEST_QUERIES : Math.ceil(RECALL_QUERIES / rounds);
  let before = 0;
  let best = 0;
  const settings = contender.settings(set);
  await warmUp(session, settings);
  for (const setting of settings) {
    const first = await session.ask(setting, 0, FEWEST_QUERIES);
    const slow = first.cpu / FEWEST_QUERIES > 0.02;
    const count = slow ? FEWEST_QUERIES : WARM_UP_QUERIES;
    const again = slow ? first : await session.ask(setting, 0, count);
    const recall = meanOf(recallsOf(set, again, 0, count), (x) => x);
    const speed = count / again.cpu;
    if (recall >= LEAST_RECALL) {
      const queries = Math.round(Math.min(MOST_PASSES * set.nQueries, Math.max(fewest, speed * seconds)));
      runner.courses.push({ setting, count: queries, recalls: new Map(), speeds: [] });
    }
    best = Math.max(best, recall);
    if (recall >= ENOUGH_RECALL && before >= ENOUGH_RECALL) break;
    before = recall;
  }
  return runner.courses.length > 0
    ? undefined
    : `no setting finds more than ${best.toFixed(3)} of the nearest`;
}

async function warmUp(session: Session, settings: readonly number[]): Promise<void> {
  let spent = 0;
  for (let i = 0; settings.length > 0 && spent < WARM_UP_SECONDS; i++) {
    spent += (await session.ask(settings[i % settings.length]!, 0, FEWEST_QUERIES)).cpu;
  }
}

/** Asks one round of every setting. Each round goes on with the queries where the one before ended. */
export async function askRound(runner: Runner, set: DataSet, round: number): Promise<void> {
  for (const course of runner.courses) {
    const from = (round * course.count) % set.nQueries;
    const result = await runner.session.ask(course.setting, from, course.count);
    course.speeds.push(course.count / result.cpu);
    for (const [i, recall] of recallsOf(set, result, from, course.count).entries()) {
      course.recalls.set((from + i) % set.nQueries, recall);
    }
  }
}

/** Asks every query once with the default setting. */
export async function askDefault(
  { session }: Runner,
  set: DataSet,
): Promise<Pick<AtDefault, "recall" | "error" | "queries">> {
  const { nQueries } = set;
  const result = await session.ask(-1, 0, nQueries);
  const recalls = recallsOf(set, result, 0, nQueries);
  const { mean: recall, error } = meanWithError(recalls, (x) => x);
  return { recall, error, queries: nQueries };
}

export function pointsOf(runner: Runner): Point[] {
  return runner.courses.map(({ setting, recalls, speeds }) => ({
    setting,
    recall: meanOf([...recalls.values()], (x) => x),
    qps: median(speeds),
    qpsMin: Math.min(...speeds),
    qpsMax: Math.max(...speeds),
  }));
}

/** The share of the exact {@link K} nearest that each query found; an answer as near as the last of them counts. */
function recallsOf(set: DataSet, { items }: AskResult, from: number, count: number): number[] {
  const { rows, truth, dimensions } = set;
  return Array.from({ length: count }, (_, i) => {
    const q = (from + i) % set.nQueries;
    const query = set.count + q;
    const last = inner(rows, query, truth[q * K + K - 1]!, dimensions) - 1e-6;
    const found = new Set<number>();
    for (let j = 0; j < K; j++) {
      const item = items[i * K + j] ?? -1;
      if (item >= 0 && item < set.count && inner(rows, query, item, dimensions) >= last) found.add(item);
    }
    return found.size / K;
  });
}

/**
 * Queries per second of a curve at a recall, interpolated between the two measured points around it: the logarithm of
 * the speed over the logarithm of what is missed, which is close to a straight line for all of them. Undefined when the
 * curve does not reach the recall; the speed of its lowest point when all of them lie above.
 */
export function speedAt(points: readonly Point[], recall: number): number | undefined {
  const reached = points.filter((point) => point.recall >= recall);
  const above = reached.sort((a, b) => b.qps - a.qps)[0];
  if (!above) return undefined;
  const below = points
    .filter((p) => p.recall < recall && p.qps > above.qps)
    .sort((a, b) => b.recall - a.recall)[0];
  if (!below) return above.qps;
  const missed = (point: Pick<Point, "recall">) => Math.log(1 - Math.min(point.recall, 0.9999));
  const part = (missed({ recall }) - missed(below)) / (missed(above) - missed(below));
  return Math.exp(Math.log(below.qps) + part * (Math.log(above.qps) - Math.log(below.qps)));
}

/** The curve of a group (say, all numbers of trees) that is fastest at a recall. */
export function bestAt(
  curves: readonly Curve[],
  recall: number,
): { readonly curve: Curve; readonly qps: number } | undefined {
  const found = curves.flatMap((curve) => {
    const qps = speedAt(curve.points, recall);
    return qps === undefined ? [] : [{ curve, qps }];
  });
  return found.sort((a, b) => b.qps - a.qps)[0];
}
