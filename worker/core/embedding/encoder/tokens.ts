import type { TokenIndex } from "../model2vec/table.ts";
import { addTokens } from "../model2vec/tokens.ts";

/** Code units that are looked at in one go: normalising long runs of marks takes quadratic time. */
const WINDOW = 4096;
const SPACE = /\s/;

/** Positions of the first `limit` tokens of a text in the vocabulary, without those around it. */
export function tokensOf(index: TokenIndex, text: string, limit: number): number[] {
  const found: number[] = [];
  const whole = text.toWellFormed();
  for (let start = 0; start < whole.length && found.length < limit; ) {
    const end = windowEnd(whole, start);
    addTokens(index, whole.slice(start, end), limit, found);
    start = end;
  }
  return found;
}

/** Ends a window where a word ends, if there is such a place in its second half. */
function windowEnd(text: string, start: number): number {
  const end = start + WINDOW;
  if (end >= text.length) return text.length;
  for (let i = end; i > end - WINDOW / 2; i--) if (SPACE.test(text[i]!)) return i;
  const low = text.charCodeAt(end);
  return low >= 0xdc00 && low <= 0xdfff ? end - 1 : end;
}
