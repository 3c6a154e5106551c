import { element } from "./render.js";

/** @import { Filter } from "./voices.js" */

/**
 * One choice of a few: radio buttons in a field set.
 *
 * @param {HTMLElement} place
 * @param {Filter} filter
 * @param {(value: string) => void} onChoice
 * @returns {(value: string) => void} shows what is chosen; a value that is not there counts as none
 */
export function createChoices(place, filter, onChoice) {
  const buttons = filter.choices.map(([value, name]) => {
    const button = element("input", "");
    button.type = "radio";
    button.name = "is";
    button.value = value;
    button.addEventListener("change", () => onChoice(value));
    return { button, label: element("label", "", button, element("span", "", name)) };
  });
  place.replaceChildren(element("legend", "unseen", filter.label), ...buttons.map(({ label }) => label));
  place.hidden = false;
  return (value) => {
    const chosen = buttons.find(({ button }) => button.value === value) ?? buttons[0];
    if (chosen) chosen.button.checked = true;
  };
}
