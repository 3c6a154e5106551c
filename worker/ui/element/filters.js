import { h } from "./dom.js";

/** @import { Facets, FacetValue, Selection } from "./client.js" */

const MOST_VALUES = 12;
const MOST_LETTERS = 60;

/** @param {FacetValue[]} counted most frequent first */
function valuesOf(counted) {
  return counted
    .slice(0, MOST_VALUES)
    .sort((a, b) => String(a.value).localeCompare(String(b.value), undefined, { numeric: true }));
}

/**
 * Filters with counts of what has a word of the query. A field's values are those of the first answer, so that choosing one
 * does not make the others vanish, in an order that no key changes. Of a field with a choice only what is chosen is counted, for the filter bars the rest. Where
 * nothing has a word, and what is shown is near in meaning alone, nothing is counted.
 *
 * @param {HTMLElement} place
 * @param {readonly string[]} fields
 * @param {(field: string, value?: FacetValue["value"]) => string} labelOf name of a field, or of a value that it has
 * @param {() => void} onChange
 */
export function createFilters(place, fields, labelOf, onChange) {
  /** @type {Record<string, { value: FacetValue["value"], count?: number }[]>} */
  const known = {};
  /** @type {Selection} */
  const selection = Object.fromEntries(fields.map((field) => [field, []]));
  /** The page's own values, of fields that it narrows a search by. @type {Record<string, string>} */
  let scope = {};

  /** @param {string} field @param {{ value: FacetValue["value"], count?: number }} facet */
  function choice(field, { value, count }) {
    const box = h("input", { type: "checkbox", checked: selection[field]?.includes(value) });
    box.addEventListener("change", () => {
      const chosen = selection[field] ?? [];
      selection[field] = box.checked ? [...chosen, value] : chosen.filter((other) => other !== value);
      onChange();
    });
    return h(
      "label",
      { part: "filter" },
      box,
      h("span", { dir: "auto" }, labelOf(field, value).slice(0, MOST_LETTERS)),
      ...(count === undefined ? [] : [h("span", { class: "count" }, String(count))]),
    );
  }

  /** Counts of the newest answer. @param {Facets} facets */
  function count(facets) {
    for (const field of fields) {
      const counted = facets[field] ?? [];
      const chosen = selection[field] ?? [];
      const any = counted.some(({ count }) => count > 0);
      known[field] = (known[field] ?? valuesOf(counted)).map(({ value }) => {
        const isCounted = any && (chosen.length === 0 || chosen.includes(value));
        const count = counted.find((facet) => facet.value === value)?.count ?? 0;
        return { value, ...(isCounted && { count }) };
      });
    }
  }

  /** @param {string} field @returns {{ value: FacetValue["value"], count?: number }[]} */
  function choicesOf(field) {
    const values = known[field] ?? [];
    const own = scope[field];
    return own === undefined || values.some(({ value }) => value === own)
      ? values
      : [{ value: own }, ...values];
  }

  function draw() {
    // Redrawing takes the focus away from a box that was just pressed; only its count has changed.
    const focused = /** @type {ShadowRoot} */ (place.getRootNode()).activeElement;
    const boxes = () => [...place.querySelectorAll("input")];
    const at = focused instanceof HTMLInputElement ? boxes().indexOf(focused) : -1;
    const all = [...new Set([...fields, ...Object.keys(scope)])];
    const shown = all.filter((field) => choicesOf(field).length > (field in scope ? 0 : 1));
    place.replaceChildren(
      ...shown.map((field) =>
        h(
          "fieldset",
          {},
          h("legend", {}, labelOf(field)),
          ...choicesOf(field).map((facet) => choice(field, facet)),
        ),
      ),
    );
    place.hidden = shown.length === 0;
    boxes()[at]?.focus();
  }

  return {
    /** Chosen values, as conditions that must all hold. @returns {object[]} */
    chosen() {
      return Object.entries(selection).flatMap(([field, values]) => {
        if (values.length === 0) return [];
        const isOwn = values.length === 1 && values[0] === scope[field];
        // What says nothing of its language or version is of every one.
        return [isOwn ? { or: [{ [field]: values }, { [field]: null }] } : { [field]: values }];
      });
    },
    /** Chooses the page's own values, instead of those of a page before. @param {Record<string, string>} values */
    narrow(values) {
      for (const field of Object.keys(scope)) selection[field] = [];
      scope = values;
      for (const [field, value] of Object.entries(values)) selection[field] = [value];
      draw();
    },
    /** @param {Facets | undefined} facets of the newest answer */
    update(facets) {
      if (facets) count(facets);
      draw();
    },
  };
}
