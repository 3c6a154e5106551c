/**
 * What the page's address says: `?q=` a text, `?near=` an id, or nothing.
 *
 * @import { Question } from "./api.js"
 */

/** @returns {Question | undefined} */
export function readAddress() {
  const parameters = new URLSearchParams(location.search);
  const id = parameters.get("near");
  if (id) return { id };
  const query = parameters.get("q")?.trim();
  return query ? { query } : undefined;
}

/**
 * Typing replaces the address; going somewhere adds to the history.
 *
 * @param {Question | undefined} question
 * @param {"push" | "replace"} how
 */
export function writeAddress(question, how) {
  const target = addressOf(question);
  if (target === location.pathname + location.search) return;
  if (how === "push") history.pushState(null, "", target);
  else history.replaceState(null, "", target);
}

/** @param {Question | undefined} question */
export function addressOf(question) {
  if (question === undefined) return location.pathname;
  const parameters = "query" in question ? { q: question.query } : { near: question.id };
  return `${location.pathname}?${new URLSearchParams(parameters)}`;
}
