/**
 * Finds words of a text that begin with words of a query, but for case and accents: for titles, of which the Worker's answer does
 * not tell what matched.
 *
 * @param {string} text
 * @param {string} query
 * @returns {{ start: number, end: number }[]}
 */
export function matchesOf(text, query) {
  const asked = [...query.matchAll(WORD)].map(([word]) => plain(word)).filter(Boolean);
  const found = [];
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const folded = plain(word);
    // A word of one or two letters begins too many others: it has to be all of it.
    const typed = asked.some((part) => folded === part || (part.length > 2 && folded.startsWith(part)));
    if (typed) found.push({ start: index, end: index + word.length });
  }
  return found;
}

/** Emoji are words, too; characters that only set or join a word are parts of it. */
export const WORD = /[\p{L}\p{N}\p{M}\p{DI}_]+|\p{ExtPict}/gu;

/** Without case, accents, and what only sets or joins a word. @param {string} text */
export function plain(text) {
  return text
    .normalize("NFKD")
    .replace(/[\p{M}\p{DI}\u0640]/gu, "")
    .toLowerCase();
}
