import { plain } from "./words.js";

/** @import { Hit } from "./results.js" */

/**
 * @typedef {{ value: string | number | boolean, count: number }} FacetValue
 * @typedef {Record<string, FacetValue[]>} Facets
 * @typedef {{ value: FacetValue["value"] | null, hits: number }} Group
 * @typedef {{ query: string, words: { correction: string }[] }} Correction of misspelled words
 * @typedef {{ version: string, hits: Hit[], groups?: Group[], total?: { groups?: number }, facets?: Facets, didYouMean?: Correction, warnings?: { code: string }[], suggestions?: string[] }} Answer
 * @typedef {Record<string, (string | number | boolean)[]>} Selection by field, the values of which a document must have one
 */

/** Pages of an answer, or hits where the index knows no pages: a screen or two, and about 20 kB. */
export const STEP = 12;
/** Field of a document with its page's address, and sections of a page that an answer has. */
const PAGE = { field: "page", hits: 3 };
/** Fields of a request that an index or a Worker may not know. */
const EXTRAS = { groupBy: PAGE, total: true, didYouMean: true };
/** Codes of a Worker, or of an index, that cannot group. */
const UNGROUPED = new Set([
  "UNKNOWN_FILTER_FIELD",
  "NO_FILTERABLE_COLUMNS",
  "UNKNOWN_FIELD",
  "INVALID_VALUE",
]);
/** Queries that complete the typed one, and its longest text. */
const SUGGESTED = 3;
const MOST_COMPLETED = 200;
/** Answers kept for the way back: deleting a letter asks nothing anew. */
const KEPT = 40;

/** An answer that did not come. `reason` is undefined when the Worker was not reached. */
export class Failure extends Error {
  /** @param {string} [reason] what the Worker said @param {unknown} [code] */
  constructor(reason, code) {
    super(reason ?? "not reached");
    this.reason = reason;
    this.code = code;
  }
}

/**
 * Searches, of which only the newest is answered: the promises of those before never settle.
 *
 * @typedef {object} Question
 * @property {string} query
 * @property {object | undefined} filter
 * @property {readonly string[]} facets fields whose values are to be counted, over what has a word of the query
 * @property {number} [offset] pages to pass over, or hits
 *
 * @param {string} endpoint origin and path before `/v1/`
 * @param {boolean} [suggests] whether an answer has queries that complete the typed one, for a second request
 */
export function createSearch(endpoint, suggests = false) {
  /** @type {Map<string, Answer>} */
  const kept = new Map();
  let newest = new AbortController();
  /** Extras that the index and the Worker know: pages only where every document has one. @type {Partial<typeof EXTRAS>} */
  let extras = EXTRAS;

  /** @param {object} question @param {AbortSignal} signal @returns {Promise<Answer>} */
  async function answerTo(question, signal) {
    /** @param {Partial<typeof EXTRAS>} more */
    const ask = (more) => post(endpoint, JSON.stringify({ ...question, ...more }), signal);
    if (!extras.groupBy) return ask(extras);
    /** @type {Partial<typeof EXTRAS>} */
    let known = { didYouMean: true };
    try {
      const answer = await ask(extras);
      if (!answer.groups?.some(({ value }) => value === null)) return answer;
    } catch (error) {
      if (!(error instanceof Failure && UNGROUPED.has(String(error.code)))) throw error;
      // An older Worker corrects nothing, either.
      if (error.code === "UNKNOWN_FIELD") known = {};
    }
    const answer = await ask(known);
    extras = known;
    return answer;
  }

  /**
   * Queries that complete the typed one; none where they do not come, for an answer goes without them.
   *
   * @param {string} query @param {object | undefined} filter @param {AbortSignal} signal @returns {Promise<string[]>}
   */
  async function suggestionsFor(query, filter, signal) {
    if (query.length > MOST_COMPLETED) return [];
    const asked = new URLSearchParams({ q: query, k: String(SUGGESTED + 1) });
    if (filter) asked.set("filter", JSON.stringify(filter));
    try {
      const { suggestions } = await getJson(`${endpoint}/v1/suggest?${asked}`, { signal });
      /** @type {string[]} */
      const texts = suggestions.map((/** @type {{ text: string }} */ { text }) => text);
      return texts.filter((text) => plain(text) !== plain(query)).slice(0, SUGGESTED);
    } catch {
      return [];
    }
  }

  return {
    /**
     * Gives up what is under way, and whoever has not asked yet.
     *
     * @returns {(question: Question) => Promise<Answer>} asks; throws a {@link Failure}
     */
    turn() {
      newest.abort();
      newest = new AbortController();
      const { signal } = newest;
      return async ({ query, filter, facets, offset }) => {
        const question = {
          query,
          k: STEP,
          prefix: true,
          include: ["metadata", "highlights"],
          filter,
          offset,
          ...(facets.length > 0 && { facets, facetsOf: "matches" }),
        };
        const key = JSON.stringify(question);
        try {
          let answer = signal.aborted ? undefined : kept.get(key);
          if (!answer && !signal.aborted) {
            const [found, suggestions] = await Promise.all([
              answerTo(question, signal),
              suggests && !offset ? suggestionsFor(query, filter, signal) : [],
            ]);
            answer = { ...found, suggestions };
          }
          if (answer && !signal.aborted) {
            kept.set(key, answer);
            const [oldest] = kept.keys();
            if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
            return answer;
          }
        } catch (error) {
          if (!signal.aborted) throw error;
        }
        return new Promise(() => {});
      };
    },
  };
}

/** @param {string} endpoint @param {string} body @param {AbortSignal} signal @returns {Promise<Answer>} */
export async function post(endpoint, body, signal) {
  const headers = { "content-type": "application/json" };
  const answer = await getJson(`${endpoint}/v1/search`, { method: "POST", headers, body, signal });
  if (Array.isArray(answer?.hits)) return answer;
  throw new TypeError("annoy-search: an answer without hits");
}

/** @param {string} url @param {RequestInit} [options] @returns {Promise<any>} the type is the server's word @throws {Failure} */
export async function getJson(url, options) {
  const response = await fetch(url, options).catch(() => {
    throw new Failure();
  });
  const answer = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  const { detail, code } = answer ?? {};
  throw new Failure(typeof detail === "string" ? detail.slice(0, 500) : `status ${response.status}`, code);
}
