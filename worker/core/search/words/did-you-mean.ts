import { parseKeywordQuery } from "../../keyword/query.ts";
import type { Query } from "../query.ts";
import type { Searcher, Shown } from "../searcher.ts";
import type { DidYouMean, SearchRequest } from "../types.ts";

export const NOTHING_SHOWN: Shown = { among: 0, documents: false, vectors: false };

/**
 * The text of a search with its misspelled words corrected, and how many documents hold one of these; undefined where no
 * word is misspelled.
 */
export async function didYouMean(
  searcher: Searcher,
  { words, filter }: Query,
  { query: text }: SearchRequest,
): Promise<DidYouMean | undefined> {
  const { index } = searcher;
  if (!words || text === undefined || !index.words) return undefined;
  const asked = { mode: "keyword" as const, searchK: -1, ...(filter && { filter }) };
  const { probed } = await searcher.rank({ ...asked, words, probe: { kind: "spelling" } }, 1, NOTHING_SHOWN);
  const spelled = probed?.spelled ?? [];
  // A text in a language of no document is not misspelled, though words of it are near some.
  const strange = spelled.filter(({ known, near }) => !known && !near).length;
  if (strange > spelled.filter(({ known }) => known).length) return undefined;
  const wrong = spelled
    .flatMap(({ start, end, word, known, near }) =>
      known || !near ? [] : [{ start, end, word, correction: near.text }],
    )
    .sort((a, b) => a.start - b.start);
  if (wrong.length === 0) return undefined;
  let query = "";
  let at = 0;
  for (const { start, end, correction } of wrong) {
    query += text.slice(at, start) + correction;
    at = end;
  }
  query += text.slice(at);
  const corrections = wrong.map(({ correction }) => correction).join(" ");
  const found = await searcher.rank(
    { ...asked, words: parseKeywordQuery(corrections, index.words.language), probe: { kind: "holding" } },
    1,
    NOTHING_SHOWN,
  );
  const documents = found.probed?.holding ?? 0;
  if (documents === 0) return undefined;
  return { query, documents, words: wrong.map(({ word, correction }) => ({ word, correction })) };
}
