import { createDialog } from "./dialog.js";
import { ENGLISH } from "./messages.js";
import { createSession } from "./session.js";
import { listenForShortcuts } from "./shortcuts.js";
import { sheet } from "./style.js";
import { offerTool } from "./tool.js";
import { createView } from "./view.js";

/** @import { Message, Messages } from "./messages.js" */

/** Stand-in where there is no page, as in Node: the module can still be imported. */
const Base = globalThis.HTMLElement ?? class {};

/**
 * `<annoy-search>`: a button, and a dialog that searches a site while one types. What stands inside the element, such as
 * a plain form, shows where scripts do not run.
 *
 * Attributes: `endpoint` (origin of the Worker; by default where this module came from), `filters` (fields, separated by
 * blanks), `filter` (JSON that every search is held to), `scope` (fields whose value on this page narrows a search),
 * `messages` (JSON), `theme` (`light`, `dark`, `auto`; by default the page's own), `suggest` (completes what is typed),
 * `no-recent`, `no-shortcuts`, `no-tool`, `insight` (counts which hits are followed).
 * Events: `annoy-search` for every answer, `annoy-search-select` before an answer is followed (can be prevented).
 */
export class AnnoySearch extends Base {
  /** @type {Partial<Messages>} */
  messages = {};
  /** @type {AbortController | undefined} */
  #life;
  /** @type {ReturnType<typeof createDialog> | undefined} */
  #dialog;

  connectedCallback() {
    const life = new AbortController();
    const { signal } = life;
    this.#life = life;
    const settings = settingsOf(this);
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet()];
    const view = createView(settings.messages);
    root.replaceChildren(view.open, view.apart);
    const session = createSession(this, view, settings);
    this.#dialog = createDialog(this, view, session, signal);
    if (!this.hasAttribute("no-shortcuts")) listenForShortcuts(this.#dialog.open, signal);
    if (!this.hasAttribute("no-tool")) offerTool(settings, session.filter, signal);
  }

  disconnectedCallback() {
    this.#life?.abort();
  }

  /**
   * Opens the dialog; that of another search element when this one is not displayed, as in a menu that is closed.
   *
   * @returns {boolean} whether one was opened
   */
  open() {
    if (this.#dialog?.open()) return true;
    const others = /** @type {AnnoySearch[]} */ ([...document.querySelectorAll(this.localName)]);
    return others.some((other) => other !== this && other.#dialog?.open());
  }
}

/** @typedef {ReturnType<typeof settingsOf>} Settings */

/** Settings of an element's attributes when it comes onto the page. @param {AnnoySearch} element */
function settingsOf(element) {
  /** @type {Messages & Record<string, Message>} */
  const messages = { ...ENGLISH, ...parseObject(element.getAttribute("messages")), ...element.messages };
  return {
    messages,
    language: element.closest("[lang]")?.getAttribute("lang") || "en",
    endpoint: (element.getAttribute("endpoint") ?? new URL(import.meta.url).origin).replace(/\/+$/, ""),
    fields: (element.getAttribute("filters") ?? "").split(/\s+/).filter(Boolean),
    remembers: !element.hasAttribute("no-recent"),
    suggests: element.hasAttribute("suggest"),
  };
}

/** @param {string | null} json @returns {object} */
function parseObject(json) {
  try {
    const value = JSON.parse(json ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    console.warn("annoy-search: the attribute messages is not JSON.");
    return {};
  }
}

if (globalThis.customElements && !customElements.get("annoy-search")) {
  customElements.define("annoy-search", AnnoySearch);
}
