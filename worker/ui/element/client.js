/** @import { Hit } from "./results.js" */

/**
 * @typedef {{ value: string | number | boolean, count: number }} FacetValue
 * @typedef {Record<string, FacetValue[]>} Facets
 * @typedef {{ version: string, hits: Hit[], facets?: Facets }} Answer
 * @typedef {Record<string, (string | number | boolean)[]>} Selection by field, the values of which a document must have one
 */

/** Hits of an answer: a screen or two, and less than 20 kB. */
const HITS = 12;
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
 * @param {string} endpoint origin and path before `/v1/`
 */
export function createSearch(endpoint) {
  /** @type {Map<string, Answer>} */
  const kept = new Map();
  let newest = new AbortController();
  return {
    /** Gives up what is under way. */
    abort: () => newest.abort(),
    /**
     * @param {string} query
     * @param {Selection} selection
     * @param {readonly string[]} facets fields whose values are to be counted, over what has a word of the query
     * @returns {Promise<Answer>}
     * @throws {Failure}
     */
    async ask(query, selection, facets) {
      newest.abort();
      const mine = new AbortController();
      newest = mine;
      const filter = Object.fromEntries(Object.entries(selection).filter(([, values]) => values.length > 0));
      const body = JSON.stringify({
        query,
        k: HITS,
        prefix: true,
        include: ["metadata", "highlights"],
        ...(Object.keys(filter).length > 0 && { filter }),
        ...(facets.length > 0 && { facets, facetsOf: "matches" }),
      });
      const before = kept.get(body);
      if (before) return before;
      try {
        const answer = await post(`${endpoint}/v1/search`, body, mine.signal);
        kept.set(body, answer);
        const [oldest] = kept.keys();
        if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
        if (!mine.signal.aborted) return answer;
      } catch (error) {
        if (!mine.signal.aborted) throw error;
      }
      return new Promise(() => {});
    },
  };
}

/**
 * @param {string} url
 * @param {string} body
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
async function post(url, body, signal) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    signal,
  }).catch(() => {
    throw new Failure();
  });
  const answer = await response.json().catch(() => undefined);
  if (response.ok && Array.isArray(answer?.hits)) return answer;
  throw new Failure(answer?.detail ?? `status ${response.status}`);
}
