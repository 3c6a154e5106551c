import { h } from "./dom.js";

/** @import { Facets, FacetValue, Selection } from "./client.js" */

const MOST_VALUES = 12;

/**
 * Filters with counts. A field's values are those of the first answer, so that choosing one does not make the others
 * vanish; its counts follow the other fields' choices.
 *
 * @param {HTMLElement} place
 * @param {readonly string[]} fields
 * @param {(field: string) => string} labelOf
 * @param {() => void} onChange
 */
export function createFilters(place, fields, labelOf, onChange) {
  /** @type {Facets} */
  const known = {};
  /** @type {Selection} */
  const selection = Object.fromEntries(fields.map((field) => [field, []]));

  /** @param {string} field @param {FacetValue} facet */
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
      h("span", { dir: "auto" }, String(value)),
      h("span", { class: "count" }, String(count)),
    );
  }

  return {
    selection,
    /** @param {Facets} facets of the newest answer */
    update(facets) {
      for (const field of fields) {
        const counted = facets[field] ?? [];
        const before = known[field];
        if (!before) known[field] = counted.slice(0, MOST_VALUES);
        else if (selection[field]?.length === 0) {
          known[field] = before.map(({ value }) => ({
            value,
            count: counted.find((facet) => facet.value === value)?.count ?? 0,
          }));
        }
      }
      // Redrawing takes the focus away from a box that was just pressed; only its count has changed.
      const focused = /** @type {ShadowRoot} */ (place.getRootNode()).activeElement;
      const boxes = () => [...place.querySelectorAll("input")];
      const at = focused instanceof HTMLInputElement ? boxes().indexOf(focused) : -1;
      const shown = fields.filter((field) => (known[field]?.length ?? 0) > 1);
      place.replaceChildren(
        ...shown.map((field) =>
          h(
            "fieldset",
            {},
            h("legend", {}, labelOf(field)),
            ...(known[field] ?? []).map((facet) => choice(field, facet)),
          ),
        ),
      );
      place.hidden = shown.length === 0;
      boxes()[at]?.focus();
    },
  };
}
