import type { CertifiedRecall } from "../format/meta.ts";

/**
 * The searchK that -1 stands for: the certified one up to k = 10; from the measured recall@100 at k = 100; between
 * them and beyond in proportion. O(rows).
 */
export function defaultSearchK(certified: CertifiedRecall, k: number): number {
  const ten = certified.defaultSearchK;
  if (k <= 10) return ten;
  const enough = certified.rows.find((row) => row.recallAt100 >= certified.target);
  const hundred = Math.max(ten, enough?.searchK ?? certified.rows.at(-1)?.searchK ?? ten);
  return k <= 100 ? Math.round(ten + ((hundred - ten) * (k - 10)) / 90) : Math.round((hundred * k) / 100);
}
