/**
 * Where words of a query begin words of a text, but for case and accents: for titles, of which the Worker's answer does
 * not tell what matched.
 *
 * @param {string} text
 * @param {string} query
 * @returns {{ start: number, end: number }[]}
 */
export function matchesOf(text, query) {
  const asked = [...query.matchAll(WORD)].map(([word]) => plain(word));
  const found = [];
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const folded = plain(word);
    const typed = asked.filter((part) => folded.startsWith(part));
    if (typed.length === 0) continue;
    // A word of one letter begins too many others: it has to be all of it.
    const longest = Math.max(...typed.map((part) => part.length));
    if (longest > 1 || folded.length === 1) found.push({ start: index, end: index + word.length });
  }
  return found;
}

const WORD = /[\p{L}\p{N}\p{M}_]+/gu;

/** Without case and accents. @param {string} text */
export function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
