import { meanFactor, type Sketches } from "../../worker/core/forest/compact/sketches.ts";
import { TopScores } from "../../worker/core/forest/top.ts";

/** Use of estimates in a search: see `Scale` in worker/core/forest/compact/gather.ts. */
export interface Estimates {
  readonly sketches: Sketches;
  /** They order candidates, but are no scores. */
  readonly ordered: boolean;
  /** That a bound lies above its score. */
  readonly shift: number;
}

/**
 * Follows a walk that scores everything, and tells which of its candidates the same walk would have scored with smaller
 * margins: a margin's k-th best score is that of those which it would have scored. So one walk compares them all.
 */
export class MarginComparison {
  private readonly estimates: Estimates;
  private readonly best: readonly TopScores[];
  private readonly reaches: Float64Array;
  private readonly cuts: Float64Array;

  /**
   * @param margins in mean factors, at most 31
   * @param length of the query
   */
  constructor(estimates: Estimates, margins: readonly number[], length: number, k: number) {
    this.estimates = estimates;
    this.best = margins.map(() => new TopScores(k));
    const unit = length * (estimates.ordered ? meanFactor(estimates.sketches) : 1);
    this.reaches = Float64Array.from(margins, (margin) => margin * unit);
    this.cuts = new Float64Array(margins.length);
  }

  /** Before each leaf: its candidates are all held against what had been found before it. */
  beginLeaf(): void {
    for (const [j, top] of this.best.entries()) this.cuts[j] = top.threshold + this.estimates.shift;
  }

  /** @returns the margins, a bit each, with which this candidate is scored */
  push(slot: number, estimate: number, score: number): number {
    const { estimates, best, reaches, cuts } = this;
    const { sketches, ordered } = estimates;
    const { rows, stride, factorStep } = sketches;
    const factor = ordered ? 1 : (rows[(slot + 1) * stride - 1]! & 0xffff) * factorStep;
    const value = ordered ? estimate : score;
    let scored = 0;
    for (let j = 0; j < best.length; j++) {
      if (estimate + factor * reaches[j]! < cuts[j]!) continue;
      scored |= 1 << j;
      best[j]!.push(value, slot);
    }
    return scored;
  }
}
