import type { Work } from "../format/work.ts";
import { type AgreedQuery, agreedIn, lookUp } from "../keyword/agreed.ts";
import type { KeywordIndex } from "../keyword/keyword-index.ts";
import type { KeywordQuery } from "../keyword/query.ts";
import { type UnderstoodQuery, understand } from "../keyword/understand.ts";

/** Settings of looking up the words of a query in an index that may be a part of more. */
export interface Understanding {
  /** The words, looked up among those of all parts. */
  readonly understood?: UnderstoodQuery | undefined;
  /** The words that all parts have agreed on. */
  readonly agreed?: AgreedQuery | undefined;
  /** Whether to rank by the words that the part has, and to tell what it knows of them. */
  readonly lookUp?: boolean | undefined;
}

/** The words of a query as an index ranks by them; undefined without a query or an index of words. */
export function understoodIn(
  keyword: KeywordIndex | undefined,
  words: KeywordQuery | undefined,
  { understood, agreed, lookUp: isLookedUp }: Understanding,
  work: Work | undefined,
): UnderstoodQuery | undefined {
  if (understood || !keyword || !words) return understood;
  if (agreed) return agreedIn(keyword, agreed, work);
  return isLookedUp ? lookUp(keyword, words, work) : understand(keyword, words, work);
}
