/** The searchK that recall is measured at: so many to a doubling. */
export const DOUBLING = 32;

/** A ladder of searchK, from very few candidates to all there are. */
export interface Steps {
  /** The searchK of a step from 0 to `last`; of a later one that of `last`. */
  at(step: number): number;
  /** With so many candidates a walk has seen everything. */
  readonly last: number;
}

/** The smallest is few candidates, but never less than two leaves; a scan knows one step alone. */
export function stepsOf(nSlots: number, nTrees: number, leafSize: number): Steps {
  const most = Math.min(0xffff_ffff, nSlots * Math.max(1, nTrees));
  if (nTrees === 0) return { last: 0, at: () => most };
  const first = Math.max(1, Math.min(nSlots, Math.max(2 * leafSize, Math.round(nSlots / 256))));
  const last = most > first ? Math.ceil(DOUBLING * Math.log2(most / first)) : 0;
  return { last, at: (step) => (step >= last ? most : Math.round(first * 2 ** (step / DOUBLING))) };
}

/** Every so-many-th step up to `to`, that one included whether it is one of them or not. */
export function stepsBy(width: number, to: number): number[] {
  const steps = Array.from({ length: Math.ceil(to / width) }, (_, i) => i * width);
  steps.push(to);
  return steps;
}
