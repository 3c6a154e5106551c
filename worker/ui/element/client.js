/** @import { Hit } from "./results.js" */

/**
 * @typedef {{ value: string | number | boolean, count: number }} FacetValue
 * @typedef {Record<string, FacetValue[]>} Facets
 * @typedef {{ value: FacetValue["value"] | null, hits: number }} Group
 * @typedef {{ version: string, hits: Hit[], groups?: Group[], total?: { groups?: number }, facets?: Facets, warnings?: { code: string }[] }} Answer
 * @typedef {Record<string, (string | number | boolean)[]>} Selection by field, the values of which a document must have one
 */

/** Pages of an answer, or hits where the index knows no pages: a screen or two, and about 20 kB. */
export const STEP = 12;
/** Field of a document with its page's address, and sections of a page that an answer has. */
const PAGE = { field: "page", hits: 3 };
/** Codes of a Worker, or of an index, that cannot group. */
const UNGROUPED = new Set([
  "UNKNOWN_FILTER_FIELD",
  "NO_FILTERABLE_COLUMNS",
  "UNKNOWN_FIELD",
  "INVALID_VALUE",
]);
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
 */
export function createSearch(endpoint) {
  /** @type {Map<string, Answer>} */
  const kept = new Map();
  let newest = new AbortController();
  /** Whether the index knows the page of every document. */
  let isGrouped = true;

  /** @param {object} question @param {AbortSignal} signal @returns {Promise<Answer>} */
  async function answerTo(question, signal) {
    if (!isGrouped) return post(endpoint, JSON.stringify(question), signal);
    try {
      const grouped = JSON.stringify({ ...question, groupBy: PAGE, total: true });
      const answer = await post(endpoint, grouped, signal);
      if (!answer.groups?.some(({ value }) => value === null)) return answer;
    } catch (error) {
      if (!(error instanceof Failure && UNGROUPED.has(String(error.code)))) throw error;
    }
    const answer = await post(endpoint, JSON.stringify(question), signal);
    isGrouped = false;
    return answer;
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
          const answer = signal.aborted ? undefined : (kept.get(key) ?? (await answerTo(question, signal)));
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
