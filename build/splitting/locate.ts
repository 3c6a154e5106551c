/** First and last line of a chunk in its document, from 1: LangChain's `loc.lines`. */
export interface Lines {
  readonly from: number;
  readonly to: number;
}

/** Most places that are tried for a chunk whose first line occurs again and again. */
const TRIES = 8;

/**
 * Places of chunks, in order, in the text they were cut from. A chunk need not be a substring (separators may have been
 * dropped), but its first line is. Linear in the text.
 */
export function locateChunks(text: string, chunks: readonly string[]): Lines[] {
  const lines: Lines[] = [];
  let searchFrom = 0;
  let counted = 0;
  let line = 1;
  for (const chunk of chunks) {
    const start = find(text, chunk, searchFrom);
    // Starts ascend, so newlines are counted once.
    line += countNewlines(text, counted, start);
    counted = start;
    searchFrom = start + 1;
    lines.push({ from: line, to: line + countNewlines(chunk, 0, chunk.length) });
  }
  return lines;
}

function find(text: string, chunk: string, from: number): number {
  const end = chunk.indexOf("\n");
  const firstLine = end < 0 ? chunk : chunk.slice(0, end);
  const first = text.indexOf(firstLine, from);
  for (let at = first, tries = 0; at >= 0 && tries < TRIES; at = text.indexOf(firstLine, at + 1), tries++) {
    if (text.startsWith(chunk, at)) return at;
  }
  return first >= 0 ? first : Math.max(0, from - 1);
}

function countNewlines(text: string, from: number, to: number): number {
  let count = 0;
  // Not indexOf, which would look past `to`.
  for (let at = from; at < to; at++) if (text.charCodeAt(at) === 10) count++;
  return count;
}
