import { glass, h } from "./dom.js";
import { shortcutName } from "./shortcuts.js";

/** @import { Messages } from "./messages.js" */

/** @typedef {ReturnType<typeof createView>} View */

/**
 * The element's fixed parts: the button that opens, and the dialog with its combobox. `apart` holds the dialog and
 * keeps the page's text styles from it.
 *
 * @param {Messages} messages
 */
export function createView(messages) {
  const open = h(
    "button",
    {
      type: "button",
      part: "button",
      class: "open",
      "aria-haspopup": "dialog",
      "aria-keyshortcuts": "/ Control+K Meta+K",
    },
    glass(),
    h("span", { part: "button-text" }, messages.open),
    h("kbd", { part: "button-key", "aria-hidden": "true" }, shortcutName()),
  );
  const field = h("input", {
    type: "search",
    role: "combobox",
    part: "input",
    "aria-label": messages.label,
    "aria-controls": "list",
    "aria-expanded": "false",
    "aria-autocomplete": "list",
    placeholder: messages.placeholder,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    enterkeyhint: "go",
    maxlength: 500,
    dir: "auto",
  });
  const close = h("button", { type: "button", class: "close" }, messages.close);
  const form = h("form", { role: "search" }, glass(), field, close);
  const filters = h("div", {
    part: "filters",
    class: "filters",
    role: "group",
    "aria-label": messages.filters,
    hidden: true,
  });
  const list = h("div", { id: "list", role: "listbox", part: "results", "aria-label": messages.label });
  const notice = h("div", { part: "notice", class: "notice" });
  const status = h("div", { class: "unseen", role: "status" });
  const more = h("button", { type: "button", part: "more", class: "more", hidden: true }, messages.more);
  const scroll = h("div", { class: "scroll" }, notice, list, more);
  const count = h("span", { part: "count", class: "count" });
  const forget = h("button", { type: "button", class: "text-button", hidden: true }, messages.forget);
  const foot = h(
    "div",
    { part: "footer", class: "foot" },
    ...keys([
      ["↑ ↓", messages.toSelect],
      ["↵", messages.toOpen],
      ["Esc", messages.toClose],
    ]),
    count,
    forget,
  );
  const dialog = h(
    "dialog",
    { part: "dialog", "aria-label": messages.label },
    form,
    filters,
    scroll,
    status,
    foot,
  );
  const apart = h("div", { class: "apart" }, dialog);
  return { open, apart, dialog, form, field, close, filters, list, more, notice, count, status, forget };
}

/** @param {[string, string][]} pairs */
function keys(pairs) {
  return pairs.map(([key, what]) =>
    h("span", { class: "keys", "aria-hidden": "true" }, h("kbd", {}, key), ` ${what}`),
  );
}
