import { expandQuery, type QueryGroup } from "./expand.ts";
import type { KeywordIndex } from "./open.ts";
import { type KeywordQuery, parseKeywordQuery } from "./query.ts";

/** A text as an index understands it. */
export interface Understood {
  readonly query: KeywordQuery;
  readonly groups: readonly QueryGroup[];
}

interface Last extends Understood {
  readonly text: string;
  readonly prefix: boolean;
}

const last = new WeakMap<KeywordIndex, Last>();

/**
 * The words of a text and what stands for them in the index. Words near misspelled ones are looked for once: a search and its
 * highlights ask for the same text one after the other, so each index keeps the last.
 */
export function understood(index: KeywordIndex, text: string, prefix: boolean): Understood {
  const known = last.get(index);
  if (known && known.text === text && known.prefix === prefix) return known;
  const query = parseKeywordQuery(text, index.language);
  const fresh: Last = { text, prefix, query, groups: expandQuery(index, query, { prefix }) };
  last.set(index, fresh);
  return fresh;
}
