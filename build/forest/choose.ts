import type { Pool } from "./pool.ts";
import { measureRecall, type Subject, spread, type Truth } from "./recall.ts";

/** Queries that find the region; all of them decide within it. */
const FEW_QUERIES = 100;
/** Standard errors that recall must lie above the target: with 95% confidence it meets it on other queries as well. */
const CONFIDENCE = 1.64;
/** As near above the target as this is near enough, and so are two settings this near to each other. */
const NEAR_RECALL = 0.002;
const NEAR_SEARCH_K = 1.04;
const MOST_EVALUATIONS = 8;
/** What is missed falls about with this power of searchK. */
const POWER = 0.8;
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
  const { target, nSlots } = options;
  const most = mostSearchK(options);
  const least = firstSearchK(options);
  const seen: Evaluated[] = [];
  let low: Evaluated | undefined;
  let high: Evaluated | undefined;
  for (let searchK = region; seen.length < MOST_EVALUATIONS; searchK = nextSearchK(low, high, target)) {
    searchK = Math.max(least, Math.min(most, searchK));
    const { recall, error } = await measureRecall(pool, subject, choosing, searchK, [10]);
    const here = { searchK, recall: recall[0]!, sure: recall[0]! - CONFIDENCE * error[0]! };
    seen.push(here);
    onProgress(seen.length / MOST_EVALUATIONS);
    if (here.sure >= target) {
      high = here;
      if (here.sure < target + NEAR_RECALL || searchK === least) break;
    } else {
      // The codec sets the limit: no searchK will make it surer.
      const stalled = low && here.recall - low.recall < LEAST_GAIN && searchK > nSlots / 4;
      low = here;
      if (searchK >= most || stalled) break;
    }
    if (low && high && high.searchK < low.searchK * NEAR_SEARCH_K) break;
  }
  onProgress(1);
  if (high) return high.searchK;
  seen.sort((a, b) => a.searchK - b.searchK);
  const best = Math.max(...seen.map(({ recall }) => recall));
  return seen.find(({ recall }) => recall >= Math.min(target, best - LEAST_GAIN))!.searchK;
}

interface Evaluated {
  readonly searchK: number;
  readonly recall: number;
  /** Recall that may be counted on. */
  readonly sure: number;
}

/** Where to look next: between what is too little and what is enough, or beyond the one of them that is known. */
function nextSearchK(low: Evaluated | undefined, high: Evaluated | undefined, target: number): number {
  const missed = (x: number) => Math.log(Math.max(1e-4, 1 - x));
  const goal = missed(Math.min(1, target + NEAR_RECALL / 2));
  if (low && high) {
    const part = (missed(low.sure) - goal) / (missed(low.sure) - missed(high.sure));
    const share = Math.min(0.9, Math.max(0.1, Number.isFinite(part) ? part : 0.5));
    const searchK = Math.round(low.searchK * (high.searchK / low.searchK) ** share);
    return Math.min(high.searchK - 1, Math.max(low.searchK + 1, searchK));
  }
  const from = (low ?? high)!;
  const ratio = Math.exp((missed(from.sure) - goal) / POWER);
  return low
    ? Math.ceil(from.searchK * Math.min(2, Math.max(1.05, ratio)))
    : Math.floor(from.searchK * Math.max(0.5, Math.min(0.95, ratio)));
}
