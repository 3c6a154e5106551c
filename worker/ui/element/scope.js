import { Failure, getJson, post } from "./client.js";

/** @import { Facets } from "./client.js" */
/** @import { createFilters } from "./filters.js" */

/** Fields whose value on the page narrows a search by default. */
const FIELDS = "lang version";
/** Milliseconds that a search waits at most for what the index says about itself. */
const PATIENCE = 2000;

/**
 * Filter of every search: the attribute `filter`, and by default the language and the version of the page that
 * asks, where the site has several.
 *
 * @param {HTMLElement} host
 * @param {string} endpoint
 * @param {ReturnType<typeof createFilters>} filters
 */
export function createScope(host, endpoint, filters) {
  /** @type {Promise<Facets> | undefined} */
  let known;
  /** @type {string | undefined} */
  let page;
  let ready = Promise.resolve();

  async function narrow() {
    const fixed = Object.keys(fixedFilter(host) ?? {});
    const fields = fieldsOf(host).filter(([field]) => !fixed.includes(field));
    const values = fields.flatMap(([field, otherwise]) => {
      const value = valueOnPage(field) || otherwise;
      return value ? [/** @type {const} */ ([field, value])] : [];
    });
    if (values.length > 0)
      known ??= valuesOfSite(
        endpoint,
        fields.map(([field]) => field),
      );
    const site = await known;
    filters.narrow(
      Object.fromEntries(values.filter(([field, own]) => site?.[field]?.some(({ value }) => value === own))),
    );
  }

  return {
    /** Settles when the page's values are known: a search waits for it. */
    ready: () => ready,
    /** Looks at the page, which a client-side router may have replaced. @returns {boolean} whether it is another one */
    read() {
      if (page === location.pathname) return false;
      page = location.pathname;
      ready = narrow().catch(() => {
        // Without them the whole site is searched.
        known = undefined;
        filters.narrow({});
      });
      return true;
    },
    /** @returns {object | undefined} @throws {Failure} */
    filter() {
      const fixed = fixedFilter(host);
      const all = [...(fixed ? [fixed] : []), ...filters.chosen()];
      return all.length > 1 ? { and: all } : all[0];
    },
  };
}

/** @param {HTMLElement} host @returns {object | undefined} @throws {Failure} */
function fixedFilter(host) {
  const json = host.getAttribute("filter");
  if (json === null) return undefined;
  try {
    const value = JSON.parse(json);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below. A filter that is ignored would show what the page does not want shown.
  }
  throw new Failure("the attribute filter of <annoy-search> is no JSON object.");
}

/**
 * Fields that narrow a search, each with its value on pages that have none: `lang version=2.0`.
 *
 * @param {HTMLElement} host
 * @returns {[field: string, otherwise: string | undefined][]}
 */
function fieldsOf(host) {
  const words = (host.getAttribute("scope") ?? FIELDS).split(/\s+/).filter(Boolean);
  return words.map((word) => {
    const [field = "", ...rest] = word.split("=");
    return [field, rest.length > 0 ? rest.join("=") : undefined];
  });
}

/**
 * The values of those fields of which the site has several.
 *
 * @param {string} endpoint
 * @param {readonly string[]} fields
 * @returns {Promise<Facets>}
 */
async function valuesOfSite(endpoint, fields) {
  const signal = AbortSignal.timeout(PATIENCE);
  const { manifest } = await getJson(`${endpoint}/v1/index`, { signal });
  const facets = (manifest.columns ?? []).flatMap(
    (/** @type {{ field: string, values: number }} */ { field, values }) =>
      values > 1 && fields.includes(field) ? [field] : [],
  );
  if (facets.length === 0) return {};
  const body = JSON.stringify({ query: facets[0], k: 1, include: [], facets });
  return (await post(endpoint, body, signal)).facets ?? {};
}

/** A field's value on this page, by the marks that an index of the site is made from. @param {string} field */
function valueOnPage(field) {
  if (field === "lang") return document.documentElement.lang.toLowerCase();
  for (const name of ["data-search-filter", "data-pagefind-filter"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      for (const mark of (element.getAttribute(name) ?? "").split(",")) {
        const [, key, attribute, value] = /^\s*([^:[\s]+)(?:\[(.+?)\])?(?::(.*))?/s.exec(mark) ?? [];
        if (key !== field) continue;
        const text = value ?? (attribute ? element.getAttribute(attribute) : element.textContent);
        return text?.trim();
      }
    }
  }
  const meta = document.querySelector(`meta[name="docsearch:${CSS.escape(field)}"]`);
  return meta?.getAttribute("content")?.split(",")[0]?.trim();
}
