import type { SearchRequest } from "../core/search/types.ts";
import { writePoint } from "./request-log.ts";
import { type AppContext, stateOf } from "./types.ts";

const MAX_LENGTH = 80;
const MAX_WORDS = 10;
/** Longer ones are keys and addresses. */
const MAX_WORD_LENGTH = 40;
/** Numbers of persons, cards and telephones have that many digits. */
const MAX_DIGITS = 6;

/**
 * Counts what was searched for, where the binding INSIGHTS is there: one data point with the index's name, the text of the query,
 * and whether it was typed (`prefix`). Nothing of who asked, of what was found, nor of what was followed. Later pages, searches
 * without a text and texts that may tell of a person are not counted.
 */
export function countQuery(c: AppContext, { query, prefix, offset = 0 }: SearchRequest): void {
  const state = stateOf(c);
  const { insights, indexes } = state.service;
  if (!insights || query === undefined || offset > 0) return;
  const text = countable(query);
  if (text === undefined) return;
  const index = state.index ?? indexes.served[0] ?? "";
  writePoint(insights, { indexes: [index], blobs: [text, prefix ? "typed" : "whole"], doubles: [1] });
}

/** The text as it is counted; undefined when it is not. */
export function countable(query: string): string | undefined {
  const text = query.normalize("NFKC").trim().replace(/\s+/g, " ").toLowerCase();
  const words = text.split(" ");
  const isPersonal =
    text.includes("@") || text.includes("://") || (text.match(/\p{Nd}/gu) ?? []).length > MAX_DIGITS;
  if (text.length < 2 || text.length > MAX_LENGTH || words.length > MAX_WORDS || isPersonal) return undefined;
  return words.some((word) => word.length > MAX_WORD_LENGTH) ? undefined : text;
}
