/**
 * Maximal marginal relevance (Carbonell and Goldstein 1998) with the definition of `maximalMarginalRelevance` in
 * @langchain/core/utils/math: cosine similarity on both sides, `lambda * relevance - (1 - lambda) * redundancy`,
 * where the redundancy of a candidate is its largest similarity to what has been chosen; the most relevant candidate
 * comes first, and of equals the earlier one wins. LangChain compares all pairs anew in every round; here each
 * candidate keeps its largest similarity so far, which gives the same choice in O(candidates * k * dimensions).
 *
 * @param lambda 1 is relevance alone, 0 diversity alone
 * @returns indices into `candidates`, in the order of choice, `min(k, candidates.length)` of them
 */
export function maximalMarginalRelevance(
  query: ArrayLike<number>,
  candidates: readonly ArrayLike<number>[],
  lambda: number,
  k: number,
): number[] {
  const wanted = Math.min(k, candidates.length);
  if (wanted <= 0) return [];
  const queryLength = lengthOf(query);
  const lengths = Float64Array.from(candidates, lengthOf);
  const relevance = new Float64Array(candidates.length);
  for (const [i, candidate] of candidates.entries()) {
    relevance[i] = cosine(query, candidate, queryLength * lengths[i]!);
  }
  const redundancy = new Float64Array(candidates.length).fill(Number.NEGATIVE_INFINITY);
  const taken = new Uint8Array(candidates.length);
  let last = argMax(relevance);
  taken[last] = 1;
  const chosen = [last];
  while (chosen.length < wanted) {
    const newest = candidates[last]!;
    const newestLength = lengths[last]!;
    let best = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < candidates.length; i++) {
      if (taken[i]) continue;
      const similarity = cosine(candidates[i]!, newest, lengths[i]! * newestLength);
      if (similarity > redundancy[i]!) redundancy[i] = similarity;
      const score = lambda * relevance[i]! - (1 - lambda) * redundancy[i]!;
      if (score > best) {
        best = score;
        last = i;
      }
    }
    taken[last] = 1;
    chosen.push(last);
  }
  return chosen;
}

/** Cosine similarity, summed in order as LangChain's is, so that ties fall alike; 0 when a vector is all zeros. */
function cosine(a: ArrayLike<number>, b: ArrayLike<number>, lengths: number): number {
  let product = 0;
  for (let i = 0; i < a.length; i++) product += a[i]! * b[i]!;
  const similarity = product / lengths;
  return Number.isNaN(similarity) ? 0 : similarity;
}

function lengthOf(vector: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  return Math.sqrt(squares);
}

function argMax(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
