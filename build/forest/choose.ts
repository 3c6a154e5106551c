import type { Pool } from "./pool.ts";
import { measureRecall, type Subject, spread, type Truth } from "./recall.ts";

/** Queries that find the region; all of them decide within it. */
const FEW_QUERIES = 100;
/** Standard errors that recall must lie above the target: with 90% confidence it meets it on other queries as well. */
const CONFIDENCE = 1.28;
/** As near above the target as this is near enough, and so are two settings this near to each other. */
const NEAR_RECALL = 0.0015;
const NEAR_SEARCH_K = 1.04;
const MOST_REFINEMENTS = 4;
/** More candidates for less than this are beyond what the codec allows. */
const LEAST_GAIN = 0.002;

/** What decides how far the measurements go. */
export interface Certifying {
  readonly nSlots: number;
  readonly nTrees: number;
  readonly leafSize: number;
  readonly target: number;
  /** The default is to visit everything. */
  readonly whole: boolean;
  readonly onProgress: (share: number) => void;
}

/** With this many candidates a walk has seen everything. */
export function mostSearchK({ nSlots, nTrees }: Pick<Certifying, "nSlots" | "nTrees">): number {
  return Math.min(0xffff_ffff, nSlots * Math.max(1, nTrees));
}

/** What the smallest searchK of a table would be: few candidates, but never less than two leaves. */
export function firstSearchK({ nSlots, leafSize }: Pick<Certifying, "nSlots" | "leafSize">): number {
  return Math.max(1, Math.min(nSlots, Math.max(2 * leafSize, Math.round(nSlots / 256))));
}

/** The first of the table's searchK at which few queries meet the target, or that gains nothing more. */
export async function findRegion(
  pool: Pool,
  subject: Subject,
  choosing: Truth,
  options: Certifying,
): Promise<number> {
  const few = spread(choosing, FEW_QUERIES);
  const most = mostSearchK(options);
  let before = 0;
  for (let searchK = firstSearchK(options); ; searchK = Math.min(most, 2 * searchK)) {
    const { recall } = await measureRecall(pool, subject, few, searchK, [10]);
    const stalled = recall[0]! - before < LEAST_GAIN && searchK > options.nSlots / 4;
    if (recall[0]! >= options.target || searchK >= most || stalled) return searchK;
    before = recall[0]!;
  }
}

/**
 * The smallest searchK whose recall@10 on the choosing queries meets the target with confidence; where none does, the
 * smallest that meets it at all or gains nothing more.
 *
 * @param region where to begin: what {@link findRegion} found
 */
export async function chooseSearchK(
  pool: Pool,
  subject: Subject,
  choosing: Truth,
  options: Certifying,
  region: number,
  onProgress: (share: number) => void,
): Promise<number> {
  const { target } = options;
  const most = mostSearchK(options);
  const least = firstSearchK(options);
  /** Recall that may be counted on. */
  const evaluate = async (searchK: number) => {
    const { recall, error } = await measureRecall(pool, subject, choosing, searchK, [10]);
    return { searchK, recall: recall[0]!, sure: recall[0]! - CONFIDENCE * error[0]! };
  };
  let high = await evaluate(region);
  while (high.sure < target && high.searchK < most) {
    const next = await evaluate(Math.min(most, Math.ceil(high.searchK * 1.5)));
    // The codec sets the limit: no searchK will make it surer.
    if (next.recall - high.recall < LEAST_GAIN && high.searchK > options.nSlots / 4) break;
    high = next;
  }
  onProgress(0.4);
  const doubt = high.recall - high.sure;
  const goal = high.sure >= target ? target : Math.min(target, high.recall - LEAST_GAIN) - doubt;
  let low = await evaluate(Math.max(least, Math.round(high.searchK / 2)));
  while (low.sure >= goal && low.searchK > least) {
    high = low;
    low = await evaluate(Math.max(least, Math.round(low.searchK / 2)));
  }
  if (low.sure >= goal) return low.searchK;
  for (let i = 0; i < MOST_REFINEMENTS; i++) {
    onProgress(0.6 + (0.4 * i) / MOST_REFINEMENTS);
    if (high.sure < goal + NEAR_RECALL || high.searchK < low.searchK * NEAR_SEARCH_K) break;
    const between = await evaluate(interpolate(low, high, goal + NEAR_RECALL / 2));
    if (between.sure >= goal) high = between;
    else low = between;
  }
  onProgress(1);
  return high.searchK;
}

interface Evaluated {
  readonly searchK: number;
  readonly sure: number;
}

/** Where recall would be `goal` if the logarithm of what is missed fell evenly over the logarithm of searchK. */
function interpolate(low: Evaluated, high: Evaluated, goal: number): number {
  const missed = (x: number) => Math.log(Math.max(1e-4, 1 - x));
  const part = (missed(low.sure) - missed(goal)) / (missed(low.sure) - missed(high.sure));
  const share = Math.min(0.9, Math.max(0.1, Number.isFinite(part) ? part : 0.5));
  const searchK = Math.round(low.searchK * (high.searchK / low.searchK) ** share);
  return Math.min(high.searchK - 1, Math.max(low.searchK + 1, searchK));
}
