import { createSearch, Failure } from "./client.js";
import { h } from "./dom.js";
import { createFilters } from "./filters.js";
import { createCursor, pageGroups, recentGroup } from "./list.js";
import { ENGLISH, fill } from "./messages.js";
import { forgetSearches, recentSearches, rememberSearch } from "./recent.js";
import { groupByPage, hasWords } from "./results.js";
import { listenForShortcuts } from "./shortcuts.js";
import { sheet } from "./style.js";
import { createView } from "./view.js";

/** @import { Answer } from "./client.js" */
/** @import { Message, Messages } from "./messages.js" */

/** Milliseconds without a key before a search starts. */
const PAUSE = 60;
/** Milliseconds before waiting shows. */
const PATIENCE = 250;

/** Where there is no page, as in Node, the module can still be imported. */
const Base = globalThis.HTMLElement ?? class {};

/**
 * `<annoy-search>`: a button, and a dialog that searches a site while one types. What stands inside the element, such as
 * a plain form, shows where scripts do not run.
 *
 * Attributes: `endpoint` (origin of the Worker; by default where this module came from), `filters` (fields, separated by
 * blanks), `messages` (JSON), `theme` (`light`, `dark`, `auto`; by default the page's own), `no-recent`, `no-shortcuts`,
 * `insight` (counts which hits are followed).
 * Events: `annoy-search` for every answer, `annoy-search-select` before an answer is followed (can be prevented).
 */
export class AnnoySearch extends Base {
  /** @type {Partial<Messages>} */
  messages = {};
  /** @type {AbortController | undefined} */
  #life;
  /** @type {(() => void) | undefined} */
  #show;

  connectedCallback() {
    this.#life = new AbortController();
    this.#show = this.#build(this.#life.signal);
    if (!this.hasAttribute("no-shortcuts")) listenForShortcuts(this.#show, this.#life.signal);
  }

  disconnectedCallback() {
    this.#life?.abort();
  }

  /** Opens the dialog. */
  open() {
    this.#show?.();
  }

  /** @param {AbortSignal} signal of this stay on the page */
  #build(signal) {
    const messages = { ...ENGLISH, ...parseObject(this.getAttribute("messages")), ...this.messages };
    const language = this.closest("[lang]")?.getAttribute("lang") || "en";
    const endpoint = (this.getAttribute("endpoint") ?? new URL(import.meta.url).origin).replace(/\/+$/, "");
    const fields = (this.getAttribute("filters") ?? "").split(/\s+/).filter(Boolean);
    const remembers = !this.hasAttribute("no-recent");
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet()];
    const view = createView(messages);
    const { dialog, field, list, notice, status } = view;
    root.replaceChildren(view.open, dialog);
    const cursor = createCursor(list, field);
    const search = createSearch(endpoint);
    const filters = createFilters(
      view.filters,
      fields,
      (name) => String(/** @type {Record<string, Message>} */ (messages)[name] ?? name),
      ask,
    );
    let pause = 0;
    let patience = 0;

    /** @param {Node[]} options @param {...(Node | string)} said */
    function show(options, ...said) {
      clearTimeout(patience);
      list.classList.remove("waiting");
      list.replaceChildren(...options);
      notice.replaceChildren(...said);
      field.setAttribute("aria-expanded", String(options.length > 0));
      cursor.set(undefined);
    }

    function showRecent() {
      const recent = remembers ? recentSearches() : [];
      show(recent.length > 0 ? [recentGroup(recent, messages.recent)] : []);
      view.forget.hidden = recent.length === 0;
      status.textContent = "";
    }

    /** @param {Answer} answer @param {string} query */
    const showAnswer = (answer, query) => {
      const pages = groupByPage(answer.hits, document.baseURI, query);
      const count = answer.hits.length;
      if (answer.facets) filters.update(answer.facets);
      const said =
        count === 0
          ? fill(messages.nothing, language, { query })
          : hasWords(answer.hits, query)
            ? ""
            : messages.nearest;
      show(pageGroups(pages, query), said);
      cursor.first();
      const found = fill(messages.found, language, { count });
      status.textContent = count === 0 ? said : `${said} ${found}`.trim();
      this.dispatchEvent(
        new CustomEvent("annoy-search", { detail: { query, count, version: answer.version }, bubbles: true }),
      );
    };

    /** @param {unknown} error */
    function showFailure(error) {
      if (!(error instanceof Failure)) throw error;
      const said =
        error.reason !== undefined
          ? fill(messages.failed, language, { reason: error.reason })
          : navigator.onLine
            ? messages.unreachable
            : messages.offline;
      const retry = h("button", { type: "button", class: "text-button" }, messages.retry);
      retry.addEventListener("click", () => {
        field.focus();
        ask();
      });
      show([], said, " ", retry);
      status.textContent = said;
    }

    async function ask() {
      clearTimeout(pause);
      clearTimeout(patience);
      const query = field.value.trim();
      if (query === "") {
        // Gives up what is under way, too.
        search.abort();
        return showRecent();
      }
      view.forget.hidden = true;
      patience = setTimeout(() => {
        list.classList.add("waiting");
        status.textContent = messages.searching;
      }, PATIENCE);
      try {
        showAnswer(await search.ask(query, filters.selection, fields), query);
      } catch (error) {
        showFailure(error);
      }
    }

    /** Follows an option: a result, or an earlier search. @param {HTMLElement} option @param {Event} event */
    const follow = (option, event) => {
      const { query, id, position } = option.dataset;
      if (query !== undefined) {
        field.value = query;
        field.focus();
        return ask();
      }
      const url = option instanceof HTMLAnchorElement ? option.href : undefined;
      const detail = { query: field.value.trim(), id, url, position: Number(position) };
      // A beacon without a body: where the hit stood, and nothing else. It goes out although the page is left.
      if (this.hasAttribute("insight")) navigator.sendBeacon(`${endpoint}/v1/selections/${position}`);
      const goes = this.dispatchEvent(
        new CustomEvent("annoy-search-select", { detail, bubbles: true, cancelable: true }),
      );
      if (remembers) rememberSearch(detail.query);
      if (!goes) event.preventDefault();
      else if (event instanceof KeyboardEvent && url) {
        if (event.ctrlKey || event.metaKey) window.open(url, "_blank", "noopener");
        else location.assign(url);
      }
      // A link to this very page leaves the dialog where it is.
      if (!(event instanceof MouseEvent && (event.ctrlKey || event.metaKey || event.shiftKey)))
        dialog.close();
    };

    field.addEventListener("input", () => {
      clearTimeout(pause);
      if (field.value.trim() === "") ask();
      else pause = setTimeout(ask, PAUSE);
    });
    field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const option = cursor.current();
      if (event.key === "ArrowDown") cursor.move(1);
      else if (event.key === "ArrowUp") cursor.move(-1);
      else if (event.key === "Enter" && option) follow(option, event);
      else if (event.key !== "Enter") return;
      event.preventDefault();
    });
    view.form.addEventListener("submit", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = /** @type {HTMLElement | null} */ (
        /** @type {Element} */ (event.target).closest("[role=option]")
      );
      if (option) follow(option, event);
    });
    list.addEventListener("mousemove", (event) => {
      const option = /** @type {HTMLElement | null} */ (
        /** @type {Element} */ (event.target).closest("[role=option]")
      );
      if (option && option !== cursor.current()) cursor.set(option);
    });
    view.forget.addEventListener("click", () => {
      forgetSearches();
      showRecent();
      field.focus();
    });
    view.close.addEventListener("click", () => dialog.close());
    // A press beside the dialog lands on the dialog itself, as its backdrop.
    dialog.addEventListener("mousedown", (event) => {
      if (event.target === dialog) dialog.close();
    });
    addEventListener("online", () => dialog.open && ask(), { signal });

    const openDialog = () => {
      if (!dialog.open) dialog.showModal();
      field.focus();
      field.select();
      if (list.childElementCount === 0) ask();
    };
    view.open.addEventListener("click", openDialog);
    return openDialog;
  }
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
