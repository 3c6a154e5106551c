import { isListAddress } from "./entries.ts";
import { type FoundPage, linkedFrom } from "./found-page.ts";
import { pageKey } from "./urls.ts";

/** Share of a page's pairs of words that the pages it leads to have as well, from which it repeats them. */
const REPEATED = 0.75;
/** Addresses of a page that holds all others, to be printed. */
const PRINT = /\/_?print(?:[_-](?:page|site))?$/;
/** Fewer pairs of words tell nothing. */
const MIN_PAIRS = 4;
/** Times that each page may be read on average: a post is in a list, its year's, and those of its tags and its author. */
const MOST_READ = 20;

/**
 * Tells the pages that repeat those they lead to, as the list of a blog's posts does: returns one of these. Linear in the
 * texts.
 */
export function listsOf(pages: readonly FoundPage[]): (found: FoundPage) => string | undefined {
  const byKey = new Map(pages.map((found) => [pageKey(found.url), found]));
  let left = MOST_READ * pages.reduce((sum, found) => sum + lengthOf(found), 0);
  return (found) => {
    const linked = found.page.entries.map((href) => byKey.get(pageKey(linkedFrom(found, href)?.href ?? "")));
    const candidates = PRINT.test(pageKey(found.url)) ? pages : linked.filter((page) => page !== undefined);
    // Lists lead to each other, and what they repeat must be on pages that stay.
    const targets = new Set(candidates.filter((page) => page !== found && !isListAddress(page.url)));
    const [first] = targets;
    if (!first) return undefined;
    const own = new Set(pairsOf(found));
    const most = own.size * (1 - REPEATED);
    if (own.size < MIN_PAIRS) return undefined;
    for (const target of targets) {
      left -= lengthOf(target);
      if (left < 0) return undefined;
      for (const pair of pairsOf(target)) own.delete(pair);
      if (own.size <= most) return first.source;
    }
    return undefined;
  };
}

function lengthOf({ page }: FoundPage): number {
  return page.sections.reduce((sum, { text }) => sum + text.length, 0);
}

/** Words of a page's lines with those that follow, its title and description among them: no dates and counts. */
function* pairsOf({ page }: FoundPage): Generator<string> {
  const lines = page.sections.flatMap(({ heading, text }) => [heading, ...text.split("\n")]);
  for (const line of [page.title, page.description ?? "", ...lines]) {
    const words = line.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
    for (let i = 1; i < words.length; i++) {
      const pair = `${words[i - 1]} ${words[i]}`;
      if (!/\p{N}/u.test(pair)) yield pair;
    }
  }
}
