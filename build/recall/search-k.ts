import type { Pool } from "../threads/pool.ts";
import { type MeasuredArtifact, type Recall, spread, type Truth } from "./held-out.ts";
import { DOUBLING, type Steps, stepsBy } from "./ladder.ts";
import { recordRecall } from "./table.ts";

/** Queries that find how far to look; those that look there; all of them decide. */
const PROBE_QUERIES = 40;
const SURVEY_QUERIES = 200;
/** Steps of a probe: at first, and each time after. */
const PROBE_STEPS = 5 * DOUBLING;
const PROBE_FURTHER = 2 * DOUBLING;
/** Standard errors that recall must lie above the target: with 95% confidence it meets it on other queries as well. */
const CONFIDENCE = 1.64;
/** More candidates for less than this are beyond what the codec allows. */
const LEAST_GAIN = 0.002;
/** Steps to either side of where the survey puts the choice. */
const WINDOW = 14;

/** Steps between two that are tried for texts. */
const TEXT_STEP = 4;

/** Bounds of the measurements. */
export interface Certifying {
  readonly nSlots: number;
  readonly steps: Steps;
  readonly target: number;
}

/** Region in which few queries meet the target. */
export interface Survey {
  /** Step at which the choice is expected. */
  readonly expected: number;
  /** The doubling at which they meet the target, or beyond which nothing is gained. */
  readonly region: number;
  readonly met: boolean;
  /** Recall that each margin loses in the region. */
  readonly lost: readonly number[];
}

/**
 * Walks for some of the choosing queries as far as the target asks, and no further than more candidates are of use.
 *
 * @param margins to compare: see {@link recordRecall}
 */
export async function surveyRegion(
  pool: Pool,
  measured: MeasuredArtifact,
  choosing: Truth,
  { nSlots, steps, target }: Certifying,
  margins: readonly number[],
): Promise<Survey> {
  const measure = async (queries: number, list: readonly number[], margins: readonly number[]) =>
    recordRecall(pool, measured, spread(choosing, queries), {
      searchKs: list.map(steps.at),
      at: [10],
      margins,
    });
  /** The first doubling that meets the target or that gains nothing more; -1 where the next one may. */
  const endOf = (list: readonly number[], found: readonly Recall[]) =>
    list.findIndex((step, i) => {
      const recall = found[i]!.recall[0]!;
      const gained = recall - (i > 0 ? found[i - 1]!.recall[0]! : 0);
      return recall >= target || step === steps.last || (gained < LEAST_GAIN && steps.at(step) > nSlots / 4);
    });
  let region = -1;
  for (let to = PROBE_STEPS; region < 0; to += PROBE_FURTHER) {
    const list = stepsBy(DOUBLING, Math.min(steps.last, to));
    region = list[endOf(list, await measure(PROBE_QUERIES, list, []))] ?? -1;
  }
  for (;;) {
    // The choice is expected somewhat below the region: the steps there are small.
    const list = stepsBy(DOUBLING / 4, region).filter(
      (step) => step % DOUBLING === 0 || step >= region - 2 * DOUBLING,
    );
    const found = await measure(SURVEY_QUERIES, list, margins);
    const { recall, lost } = found.at(-1)!;
    const met = recall[0]! >= target;
    const before = found[list.indexOf(Math.max(0, region - DOUBLING))]?.recall[0] ?? 0;
    const stalled = recall[0]! - before < LEAST_GAIN && steps.at(region) > nSlots / 4;
    if (!met && !stalled && region < steps.last) {
      region = Math.min(steps.last, region + DOUBLING);
      continue;
    }
    const all = Math.sqrt(Math.min(1, SURVEY_QUERIES / Math.max(1, choosing.queries.length)));
    const sure = found.findIndex(({ recall, error }) => recall[0]! - CONFIDENCE * error[0]! * all >= target);
    const good = firstGood(found, target);
    return { expected: list[met && sure < 0 ? list.length - 1 : Math.max(sure, good)]!, region, met, lost };
  }
}

/**
 * The smallest step whose recall@10 on the choosing queries meets the target with confidence; where none does, the
 * smallest that meets it at all or gains nothing more.
 */
export async function chooseStep(
  pool: Pool,
  measured: MeasuredArtifact,
  choosing: Truth,
  { steps, target }: Certifying,
  { expected, region, met }: Survey,
): Promise<number> {
  // Without hope to meet the target nothing beyond the region is of use.
  const end = met ? steps.last : region;
  let from = Math.max(0, expected - WINDOW);
  let to = Math.min(end, expected + WINDOW);
  let sure = -1;
  for (;;) {
    const list = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const found = await recordRecall(pool, measured, choosing, {
      searchKs: list.map(steps.at),
      at: [10],
      margins: [],
    });
    const first = found.findIndex(({ recall, error }) => recall[0]! - CONFIDENCE * error[0]! >= target);
    if (first < 0) {
      if (sure >= 0) return sure;
      if (to >= end) return list[firstGood(found, target)]!;
      from = to + 1;
      to = Math.min(end, from + 2 * WINDOW);
    } else {
      sure = list[first]!;
      // Lower ones may do where the lowest does, but not those that an earlier window found too low.
      if (first > 0 || from === 0 || from > expected) return sure;
      to = from - 1;
      from = Math.max(0, to - 2 * WINDOW);
    }
  }
}

/**
 * The smallest step from `chosen` on at which texts find as much as the target asks, or from which twice the candidates gain
 * nothing. Texts lie further from the documents than these from each other.
 */
export async function stepForTexts(
  pool: Pool,
  measured: MeasuredArtifact,
  texts: Truth,
  { steps, target }: Certifying,
  chosen: number,
): Promise<{ readonly step: number; readonly recall: number }> {
  let best = { step: chosen, recall: 0 };
  for (let from = chosen; ; from += DOUBLING) {
    const list = stepsBy(TEXT_STEP, DOUBLING)
      .map((step) => Math.min(steps.last, from + step))
      .filter((step, i, all) => step !== all[i - 1]);
    const recording = { searchKs: list.map(steps.at), at: [10], margins: [] };
    const found = await recordRecall(pool, measured, texts, recording);
    const recalls = found.map(({ recall }) => recall[0]!);
    const met = recalls.findIndex((recall) => recall >= target);
    if (met >= 0) return { step: list[met]!, recall: recalls[met]! };
    const last = { step: list.at(-1)!, recall: recalls.at(-1)! };
    if (from === chosen) best = { step: chosen, recall: recalls[0]! };
    if (last.recall - best.recall < LEAST_GAIN) return best;
    if (last.step === steps.last) return last;
    best = last;
  }
}

/** The first that meets the target or is nearly the best. */
function firstGood(found: readonly Recall[], target: number): number {
  const best = Math.max(...found.map(({ recall }) => recall[0]!));
  return found.findIndex(({ recall }) => recall[0]! >= Math.min(target, best - LEAST_GAIN));
}
