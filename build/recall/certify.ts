import type { CertifiedRecall, CertifiedRow } from "../../worker/core/format/meta.ts";
import { round } from "../numeric/statistics.ts";
import type { Pool } from "../threads/pool.ts";
import { deepQueries, type MeasuredArtifact, type Recall, type Truth } from "./held-out.ts";
import { DOUBLING, stepsBy } from "./ladder.ts";
import type { Certifying } from "./search-k.ts";
import { recordRecall } from "./table.ts";

/** The table goes on until here even when the target is lower, so that a user sees what more would buy. */
const TABLE_RECALL = 0.99;
/** Doubling searchK for less than this is not worth measuring further, once the target is met. */
const LEAST_GAIN = 0.004;
/** Steps that searchK grows when the certifying queries ask for more than the choosing ones did, and how often. */
const STEP_UP = 6;
const MOST_STEPS = 12;
/** Recall that the default may lack of the best row, where no row meets the target. */
const NEARLY = 0.002;
/** Rows this near to each other, in steps, have none between them. */
const NEAR = 12;

/** Steps that the choosing queries have settled. */
interface Chosen extends Certifying {
  readonly chosen: number;
  /** Step that the table is expected to end with. */
  readonly end: number;
}

/**
 * Measures recall over a range of searchK and picks the default. Some held-out queries have chosen the smallest searchK
 * that meets the target with confidence; the figures are those of the others. Where these find less than the target,
 * searchK goes up until they do not. When nothing meets it, the default is the cheapest within a fifth of a point of
 * the best, and `met` is false.
 */
export async function certify(
  pool: Pool,
  measured: MeasuredArtifact,
  certifying: Truth,
  { nSlots, steps, target, chosen, end }: Chosen,
  onProgress: (share: number) => void,
): Promise<Omit<CertifiedRecall, "choosingQueries">> {
  const ten = createTable(pool, measured, certifying, steps.at, [1, 10]);
  const below = chosen - (chosen % DOUBLING);
  await ten.measure([
    ...stepsBy(DOUBLING / 2, Math.max(end, chosen)),
    ...Array.from({ length: 3 }, (_, i) => Math.min(steps.last, chosen + i * STEP_UP)),
    middle(below, chosen),
    Math.min(steps.last, middle(chosen, below + DOUBLING)),
  ]);
  onProgress(0.5);
  const rows = new Set<number>();
  for (let i = 0, step = chosen; i <= MOST_STEPS; i++, step = Math.min(steps.last, step + STEP_UP)) {
    rows.add(step);
    if ((await ten.recall(step))[1]! >= target || step === steps.last) break;
  }
  let before = 0;
  for (let step = 0; ; step = Math.min(steps.last, step + DOUBLING)) {
    rows.add(step);
    const recall = (await ten.recall(step))[1]!;
    // Where the codec, not the walk, sets the limit, more candidates buy nothing; so the walk ends there too.
    const met = recall >= target;
    const stalled = recall - before < LEAST_GAIN && (met || steps.at(step) > nSlots / 4);
    const enough = recall >= Math.max(target, TABLE_RECALL) || (met && steps.at(step) > nSlots / 8);
    if (step === steps.last || enough || stalled) break;
    before = recall;
  }
  const deep = createTable(pool, measured, deepQueries(certifying), steps.at, [100]);
  const sorted = [...rows].sort((a, b) => a - b);
  // Recall@100 meets the target hardly before recall@10 does: that is where a row between two may be wanted.
  const between = sorted.slice(1).map((step, i) => middle(sorted[i]!, step));
  const likely = between.filter((_, i) => ten.known(sorted[i + 1]!).recall[1]! >= target);
  await deep.measure([...sorted, ...likely]);
  onProgress(0.9);
  // A row between those around the target in recall@100: searches for many neighbours take the first that meets it.
  const enough = sorted.findIndex((step) => deep.known(step).recall[0]! >= target);
  if (enough > 0 && sorted[enough]! - sorted[enough - 1]! > NEAR) {
    await deep.measure([between[enough - 1]!]);
    sorted.splice(enough, 0, between[enough - 1]!);
  }
  const table: CertifiedRow[] = [];
  for (const step of sorted) {
    await ten.recall(step);
    const { recall, candidates, scored } = ten.known(step);
    if (steps.at(step) === table.at(-1)?.searchK) continue;
    table.push({
      searchK: steps.at(step),
      recallAt1: round(recall[0]!),
      recallAt10: round(recall[1]!),
      recallAt100: round(deep.known(step).recall[0]!),
      candidates: Math.round(candidates),
      scored: Math.round(scored),
    });
  }
  const { met, row } = pickDefault(table, target, steps.at(chosen));
  return {
    target,
    queries: certifying.queries.length,
    met,
    heldOut: true,
    rows: table,
    defaultSearchK: row.searchK,
    recallAt1: row.recallAt1,
    recallAt10: row.recallAt10,
    recallAt100: row.recallAt100,
  };
}

/**
 * The row whose searchK becomes the default: of those that meet the target the first from `chosen` on, or any, if all
 * lie below; else the cheapest that is nearly the best.
 *
 * @param rows by searchK, at least one
 */
export function pickDefault(
  rows: readonly CertifiedRow[],
  target: number,
  chosen: number,
): { readonly row: CertifiedRow; readonly met: boolean } {
  const meeting = rows.filter((row) => row.recallAt10 >= target);
  const met = meeting.find((row) => row.searchK >= chosen) ?? meeting[0];
  if (met) return { row: met, met: true };
  const best = Math.max(...rows.map((row) => row.recallAt10));
  return { row: rows.find((row) => row.recallAt10 >= best - NEARLY) ?? rows[0]!, met: false };
}

/** Creates a table of recall by step, measured on demand. */
function createTable(
  pool: Pool,
  measured: MeasuredArtifact,
  truth: Truth,
  searchKOf: (step: number) => number,
  at: readonly number[],
) {
  const known = new Map<number, Recall>();
  const measure = async (steps: readonly number[]) => {
    const missing = [...new Set(steps)].filter((step) => !known.has(step)).sort((a, b) => a - b);
    if (missing.length === 0) return;
    const searchKs = missing.map(searchKOf);
    const found = await recordRecall(pool, measured, truth, { searchKs, at, margins: [] });
    for (const [i, step] of missing.entries()) known.set(step, found[i]!);
  };
  return {
    measure,
    known: (step: number) => known.get(step)!,
    async recall(step: number) {
      // One walk more brings what the next questions are about as well.
      if (!known.has(step)) await measure([step, step + STEP_UP, step + 2 * STEP_UP]);
      return known.get(step)!.recall;
    },
  };
}

function middle(a: number, b: number): number {
  return Math.round((a + b) / 2);
}
