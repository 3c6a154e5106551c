import { meanWithError } from "../numeric/statistics.ts";

/** Recall of every way to ask the shards, query by query. */
export interface Evaluation {
  /** The most that can be probed. */
  readonly centroids: number;
  /** Ascending. */
  readonly efforts: readonly number[];
  /** Queries that choose, and others that check. */
  readonly choosing: readonly number[];
  readonly reporting: readonly number[];
  recall(effortIndex: number, query: number, probes: number): number;
  /** Shards that are asked. */
  asked(query: number, probes: number): number;
}

/** Standard errors that recall must lie above the target: with 95% confidence other queries meet it as well. */
const CONFIDENCE = 1.64;
/** Cost of a call to a shard beside its search, in searches of the certified effort. */
const REQUEST = 0.5;
/** Ratio of successive numbers of probes that are tried. */
const STEP = 1.1;
/** Recall that the choice may lack of the best, where nothing meets the target. */
const NEARLY = 0.002;

/**
 * The cheapest number of probes and effort whose recall@10 on the choosing queries meets the target with confidence,
 * and on the reporting queries at all; else the cheapest that is nearly the best.
 */
export function chooseRoute(
  { centroids, efforts, choosing, reporting, recall, asked }: Evaluation,
  target: number,
): { readonly effortIndex: number; readonly probes: number; readonly met: boolean } {
  const ways = [];
  for (const probes of steps(centroids)) {
    const shards = meanWithError(choosing, (query) => asked(query, probes)).mean;
    for (const [effortIndex, effort] of efforts.entries()) {
      const found = meanWithError(choosing, (query) => recall(effortIndex, query, probes));
      ways.push({ effortIndex, probes, cost: shards * (REQUEST + effort), ...found });
    }
  }
  ways.sort((a, b) => a.cost - b.cost || a.probes - b.probes);
  for (const { mean, error, effortIndex, probes } of ways) {
    if (mean - CONFIDENCE * error < target && mean < 1) continue;
    const checked = meanWithError(reporting, (query) => recall(effortIndex, query, probes));
    if (checked.mean >= target) return { effortIndex, probes, met: true };
  }
  const best = Math.max(...ways.map(({ mean }) => mean));
  const { effortIndex, probes } = ways.find(({ mean }) => mean >= best - NEARLY)!;
  return {
    effortIndex,
    probes,
    met: meanWithError(reporting, (query) => recall(effortIndex, query, probes)).mean >= target,
  };
}

function steps(most: number): number[] {
  const list = [];
  for (let p = 1; p < most; p = Math.max(p + 1, Math.floor(p * STEP))) list.push(p);
  return [...list, most];
}
