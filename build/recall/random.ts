/** Random numbers in [0, 1) from a seed: xorshift32, whose quality is plenty for choosing samples. */
export function seededRandom(seed: number): () => number {
  let state = (seed >>> 0) * 2 + 1 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}
