/**
 * Tokens of a part of a long query. Sentence encoders learn from texts of this length, and the mean of two parts finds more than one
 * pass over twice as many tokens (docs/relevance.md).
 */
export const PART_TOKENS = 128;

/**
 * Cuts a query of more than {@link PART_TOKENS} into parts that are spread evenly over it, so that its end counts as its beginning.
 *
 * @param whole all tokens, those around the text included
 * @param head tokens before the text
 * @param most parts
 */
export function partsOf(whole: number[], head: number, most: number): number[][] {
  if (whole.length <= PART_TOKENS) return [whole];
  const text = whole.slice(head, -1);
  const room = PART_TOKENS - head - 1;
  const count = Math.min(most, Math.ceil(text.length / room));
  const size = Math.min(room, Math.ceil(text.length / count));
  return Array.from({ length: count }, (_, i) => {
    const from = Math.round((i * (text.length - size)) / (count - 1));
    return [...whole.slice(0, head), ...text.slice(from, from + size), whole.at(-1)!];
  });
}
