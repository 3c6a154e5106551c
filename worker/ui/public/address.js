/**
 * Content of the page's address: `?q=` a text or `?near=` an id, and `is=` what is chosen of the filter.
 *
 * @import { Question } from "./api.js"
 */

/** @returns {{ question: Question | undefined, choice: string }} */
export function readAddress() {
  const parameters = new URLSearchParams(location.search);
  const choice = parameters.get("is") ?? "";
  const id = parameters.get("near");
  if (id) return { question: { id }, choice };
  const query = parameters.get("q")?.trim();
  return { question: query ? { query } : undefined, choice };
}

/**
 * Typing replaces the address; going somewhere adds to the history.
 *
 * @param {Question | undefined} question
 * @param {string} choice
 * @param {"push" | "replace"} how
 */
export function writeAddress(question, choice, how) {
  const target = addressOf(question, choice);
  if (target === location.pathname + location.search) return;
  if (how === "push") history.pushState(null, "", target);
  else history.replaceState(null, "", target);
}

/** @param {Question | undefined} question @param {string} choice */
export function addressOf(question, choice) {
  if (question === undefined) return location.pathname;
  const parameters = new URLSearchParams("query" in question ? { q: question.query } : { near: question.id });
  if (choice !== "") parameters.set("is", choice);
  return `${location.pathname}?${parameters}`;
}
