import type { CertifiedRecall, CertifiedRow } from "../../worker/format/meta.ts";
import { type Certifying, chooseSearchK, firstSearchK, mostSearchK } from "./choose.ts";
import type { Pool } from "./pool.ts";
import { measureRecall, type Subject, spread, type Truth } from "./recall.ts";

/** Queries for recall@100, which costs more and varies less. */
const HUNDRED_QUERIES = 150;
/** The table goes on until here even when the target is lower, so that a user sees what more would buy. */
const TABLE_RECALL = 0.99;
/** Doubling searchK for less than this is not worth measuring further, once the target is met. */
const LEAST_GAIN = 0.004;
/** By how much searchK grows when the certifying queries ask for more than the choosing ones did, and how often. */
const STEP_UP = 1.15;
const MOST_STEPS = 10;
/** Where no row meets the target, recall that the default may lack of the best row. */
const NEARLY = 0.002;

/**
 * Measures recall over a range of searchK and picks the default. Some held-out queries choose the smallest searchK
 * that meets the target with confidence; the figures are those of the others. Where these find less than the target,
 * searchK goes up until they do not. When nothing meets it, the default is the cheapest within a fifth of a point of
 * the best, and `met` is false.
 *
 * @param region where to begin choosing
 */
export async function certify(
  pool: Pool,
  subject: Subject,
  choosing: Truth,
  certifying: Truth,
  options: Certifying,
  region: number,
): Promise<CertifiedRecall> {
  const { nTrees, target, onProgress } = options;
  const most = mostSearchK(options);
  const hundred = spread(certifying, HUNDRED_QUERIES);
  const rows: CertifiedRow[] = [];
  const measure = async (searchK: number): Promise<CertifiedRow> => {
    const known = rows.find((row) => row.searchK === searchK);
    if (known) return known;
    const ten = await measureRecall(pool, subject, certifying, searchK, [1, 10]);
    const deep = await measureRecall(pool, subject, hundred, searchK, [100]);
    const row = {
      searchK,
      recallAt1: round(ten.recall[0]!),
      recallAt10: round(ten.recall[1]!),
      recallAt100: round(deep.recall[0]!),
      candidates: Math.round(ten.candidates),
      scored: Math.round(ten.scored),
    };
    rows.push(row);
    return row;
  };
  let chosen = most;
  if (nTrees === 0) {
    await measure(most);
  } else {
    if (!options.whole)
      chosen = await chooseSearchK(pool, subject, choosing, options, region, (share) =>
        onProgress(share / 2),
      );
    await stepUp(measure, chosen, most, target);
    onProgress(0.6);
    await fillTable(measure, options, (recall) => onProgress(0.6 + 0.4 * recall));
    await halveHundred(measure, rows, target);
  }
  rows.sort((a, b) => a.searchK - b.searchK);
  const { met, row } = pickDefault(rows, target, chosen);
  return {
    target,
    queries: certifying.queries.length,
    choosingQueries: nTrees === 0 ? 0 : choosing.queries.length,
    met,
    heldOut: true,
    rows,
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

type Measure = (searchK: number) => Promise<CertifiedRow>;

async function stepUp(measure: Measure, from: number, most: number, target: number): Promise<void> {
  let searchK = from;
  for (let step = 0; step <= MOST_STEPS; step++) {
    const { recallAt10 } = await measure(searchK);
    if (recallAt10 >= target || searchK >= most) break;
    searchK = Math.min(most, Math.ceil(searchK * STEP_UP));
  }
}

/** Rows at doublings of searchK, from very few candidates until more buys little. */
async function fillTable(
  measure: Measure,
  options: Certifying,
  onRecall: (recall: number) => void,
): Promise<void> {
  const { target, nSlots } = options;
  const most = mostSearchK(options);
  let before = 0;
  for (let searchK = firstSearchK(options); ; searchK = Math.min(most, searchK * 2)) {
    const { recallAt10 } = await measure(searchK);
    onRecall(recallAt10);
    // Where the codec, not the walk, sets the limit, more candidates buy nothing; so the walk ends there too.
    const met = recallAt10 >= target;
    const stalled = recallAt10 - before < LEAST_GAIN && (met || searchK > nSlots / 4);
    const enough = recallAt10 >= Math.max(target, TABLE_RECALL) || (met && searchK > nSlots / 8);
    if (searchK >= most || enough || stalled) break;
    before = recallAt10;
  }
}

/** A row between those around the target in recall@100: searches for many neighbours take the first that meets it. */
async function halveHundred(measure: Measure, rows: CertifiedRow[], target: number): Promise<void> {
  rows.sort((a, b) => a.searchK - b.searchK);
  const enough = rows.findIndex((row) => row.recallAt100 >= target);
  if (enough <= 0) return;
  const low = rows[enough - 1]!.searchK;
  const high = rows[enough]!.searchK;
  if (high > 1.3 * low) await measure(Math.round(Math.sqrt(low * high)));
}

function round(x: number): number {
  return Math.round(x * 1e4) / 1e4;
}
