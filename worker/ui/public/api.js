/**
 * The page's calls of the Worker. Types follow the HTTP contract (`/openapi.json`).
 *
 * @typedef {{ pageContent: string, metadata: Record<string, unknown> }} Document
 * @typedef {{ item: number, id: string, distance: number, score: number, document?: Document }} Hit
 * @typedef {{ index: string, version: string, metric: string, hits: Hit[] }} Answer
 */

/** An answer that is not an answer: what the Worker said is wrong, or that nothing was heard from it. */
export class SearchFailure extends Error {
  /**
   * @param {string} code the problem's code, `OFFLINE` when the Worker was not reached, else `HTTP_<status>`
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = "SearchFailure";
    this.code = code;
  }
}

/**
 * Hits for a text, best first, with the milliseconds that the round trip took.
 *
 * @param {string} query
 * @param {{ k: number, signal: AbortSignal }} options
 * @returns {Promise<Answer & { milliseconds: number }>}
 * @throws {SearchFailure}
 */
export async function search(query, { k, signal }) {
  const started = performance.now();
  const url = `/v1/search?${new URLSearchParams({ q: query, k: String(k) })}`;
  const answer = /** @type {Answer} */ (await getJson(url, signal));
  return { ...answer, milliseconds: performance.now() - started };
}

/**
 * What the index says about itself; undefined when it does not say.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<Record<string, unknown> | undefined>}
 */
export async function describeIndex(signal) {
  try {
    return /** @type {Record<string, unknown>} */ (await getJson("/v1/index", signal));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<unknown>}
 */
async function getJson(url, signal) {
  let response;
  try {
    response = await fetch(url, { signal, headers: { accept: "application/json" } });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new SearchFailure("OFFLINE", "The search service was not reached.");
  }
  const body = /** @type {unknown} */ (await response.json().catch(() => undefined));
  if (response.ok && typeof body === "object" && body !== null) return body;
  const problem = /** @type {{ code?: unknown, detail?: unknown, title?: unknown }} */ (body ?? {});
  throw new SearchFailure(
    typeof problem.code === "string" ? problem.code : `HTTP_${response.status}`,
    String(problem.detail ?? problem.title ?? `The search service answered with status ${response.status}.`),
  );
}
