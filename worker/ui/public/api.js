/**
 * The page's calls of the Worker. Types follow the HTTP contract (`/openapi.json`).
 *
 * @typedef {{ pageContent: string, metadata: Record<string, unknown> }} Document
 * @typedef {{ item: number, id: string, distance: number | null, score: number, document?: Document }} Hit
 * @typedef {{ index: string, version: string, metric: string, hits: Hit[] }} Answer
 * @typedef {object} IndexDescription the fields that the page shows; any may be missing
 * @property {string} [version]
 * @property {number} [items]
 * @property {number} [dimensions]
 * @property {string} [metric]
 * @property {number} [hotBytes]
 * @property {{ recallAt10?: number }} [certified]
 * @property {{ filter?: boolean }} [searchable]
 * @property {{ source?: { kind?: unknown } }} [manifest]
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
 * Query of the page: a text, or what is near the document with this id.
 *
 * @typedef {{ readonly query: string } | { readonly id: string }} Question
 */

/**
 * Hits, best first, with the milliseconds that the round trip took.
 *
 * @param {Question} question
 * @param {{ k: number, filter: Record<string, string>, signal: AbortSignal }} options an empty filter is none
 * @returns {Promise<Answer & { milliseconds: number }>}
 * @throws {SearchFailure}
 */
export async function search(question, { k, filter, signal }) {
  const started = performance.now();
  const answer = await getJson("/v1/search", signal, {
    ...question,
    k,
    ...("query" in question && { prefix: true }),
    ...(Object.keys(filter).length > 0 && { filter }),
  });
  return { .../** @type {Answer} */ (answer), milliseconds: performance.now() - started };
}

/**
 * Description of the index; undefined when it says nothing now.
 *
 * @returns {Promise<IndexDescription | undefined>}
 */
export async function describeIndex() {
  try {
    return /** @type {IndexDescription} */ (await getJson("/v1/index", new AbortController().signal));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @param {object} [body] posted as JSON when given
 * @returns {Promise<unknown>}
 */
async function getJson(url, signal, body) {
  let response;
  try {
    response = await fetch(
      url,
      body === undefined
        ? { signal }
        : {
            signal,
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
          },
    );
  } catch (error) {
    if (signal.aborted) throw error;
    throw new SearchFailure("OFFLINE", "The search service was not reached.");
  }
  const json = /** @type {unknown} */ (
    await response.json().catch((error) => {
      if (signal.aborted) throw error;
    })
  );
  if (response.ok && typeof json === "object" && json !== null) return json;
  const problem = /** @type {{ code?: unknown, detail?: unknown, title?: unknown }} */ (json ?? {});
  throw new SearchFailure(
    typeof problem.code === "string" ? problem.code : `HTTP_${response.status}`,
    String(problem.detail ?? problem.title ?? `The search service answered with status ${response.status}.`),
  );
}
