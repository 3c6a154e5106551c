import { WORK_STEP, type Work } from "../format/work.ts";

/** Work in nanoseconds: an item that is met, one whose code is looked at; a full score, with more a dimension. */
const MET_NS = 32;
const LOOKED_NS = 15;
const SCORED_NS = 80;
const DIMENSION_NS = 0.6;

/** Count of the work of one search: items met, codes looked at and full scores since it began. */
export interface Meter {
  /** Counts from time to time. @throws SearchError `TOO_MUCH_WORK` */
  readonly count: (met: number, looked: number, scored: number) => void;
  /** The same, of what is left. */
  readonly finish: (met: number, looked: number, scored: number) => void;
}

const UNCOUNTED: Meter = { count: () => {}, finish: () => {} };

/** Starts to count the work of a search. @throws SearchError `TOO_MUCH_WORK` where nothing is left */
export function createMeter(work: Work | undefined, dimensions: number): Meter {
  if (!work) return UNCOUNTED;
  work.spend("vectors", 0);
  let counted = 0;
  const unitsOf = (met: number, looked: number, scored: number) =>
    met * MET_NS + looked * LOOKED_NS + scored * (SCORED_NS + DIMENSION_NS * dimensions);
  const finish = (met: number, looked: number, scored: number): void => {
    const units = unitsOf(met, looked, scored);
    work.done("vectors", units - counted);
    counted = units;
  };
  return {
    count(met, looked, scored) {
      if (unitsOf(met, looked, scored) - counted > WORK_STEP) finish(met, looked, scored);
    },
    finish,
  };
}

/** Returns the work of scoring vectors, in nanoseconds. @param vectors their number */
export function scoringNs(vectors: number, dimensions: number): number {
  return vectors * (SCORED_NS + DIMENSION_NS * dimensions);
}
