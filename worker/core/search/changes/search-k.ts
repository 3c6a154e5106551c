import type { Forest } from "../../forest/types.ts";

/** Candidates of the changes to those of the base, each in parts of all: a small forest has coarser leaves. */
const SHARE = 1.5;
/** Candidates beyond that share: three leaves of the default size at 256 dimensions. */
const MORE = 333;

/**
 * Returns the changes' searchK for k neighbours among base and changes. Their own default, which their header has for ten
 * neighbours, finds as many among them alone; where both are searched, the share that the base looks at tells what is enough.
 */
export function searchKOfChanges(base: Forest, { artifact: { header }, nItems }: Forest, k: number): number {
  const own = header.defaultSearchK * Math.max(1, Math.sqrt(k / 10));
  const share = SHARE * base.defaultSearchK(k) * (nItems / Math.max(1, base.nItems));
  return Math.ceil(Math.min(own, Math.max(k, share + MORE)));
}
