/** @import { Hit } from "./results.js" */

/**
 * @typedef {{ value: string | number | boolean, count: number }} FacetValue
 * @typedef {Record<string, FacetValue[]>} Facets
 * @typedef {{ version: string, hits: Hit[], facets?: Facets, warnings?: { code: string }[] }} Answer
 * @typedef {Record<string, (string | number | boolean)[]>} Selection by field, the values of which a document must have one
 */

/** Hits of an answer: a screen or two, and less than 20 kB. */
export const HITS = 12;
/** Answers kept for the way back: deleting a letter asks nothing anew. */
const KEPT = 40;

/** An answer that did not come. `reason` is undefined when the Worker was not reached. */
export class Failure extends Error {
  /** @param {string} [reason] what the Worker said */
  constructor(reason) {
    super(reason ?? "not reached");
    this.reason = reason;
  }
}

/**
 * Searches, of which only the newest is answered: the promises of those before never settle.
 *
 * @typedef {object} Question
 * @property {string} query
 * @property {object | undefined} filter
 * @property {readonly string[]} facets fields whose values are to be counted, over what has a word of the query
 * @property {number} [offset] hits to pass over
 *
 * @param {string} endpoint origin and path before `/v1/`
 */
export function createSearch(endpoint) {
  /** @type {Map<string, Answer>} */
  const kept = new Map();
  let newest = new AbortController();
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
        const body = JSON.stringify({
          query,
          k: HITS,
          prefix: true,
          include: ["metadata", "highlights"],
          filter,
          offset,
          ...(facets.length > 0 && { facets, facetsOf: "matches" }),
        });
        try {
          const answer = signal.aborted
            ? undefined
            : (kept.get(body) ?? (await post(endpoint, body, signal)));
          if (answer && !signal.aborted) {
            kept.set(body, answer);
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
  const { detail } = answer ?? {};
  throw new Failure(typeof detail === "string" ? detail.slice(0, 500) : `status ${response.status}`);
}
