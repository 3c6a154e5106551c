// biome-ignore-all lint/complexity/noExcessiveLinesPerFunction: small functions over the state of one dialog.
import { createSearch, Failure, STEP } from "./client.js";
import { h } from "./dom.js";
import { createFilters } from "./filters.js";
import { createCursor, pageGroups, queryGroup } from "./list.js";
import { fill, languageName } from "./messages.js";
import { follow, forgetSearches, recentSearches } from "./navigate.js";
import { correctedQuery, groupByPage, hasWords } from "./results.js";
import { createScope } from "./scope.js";

/** @import { Answer } from "./client.js" */
/** @import { Settings } from "./index.js" */
/** @import { Hit } from "./results.js" */
/** @import { View } from "./view.js" */
/** @typedef {ReturnType<typeof createSession>} Session */

/** Pages of an answer, or hits where the index knows no pages. @param {Answer} answer */
function sizeOf({ groups, hits }) {
  return (groups ?? hits).length;
}

/** Milliseconds without a key before a search starts. */
const PAUSE = 60;
/** Milliseconds before waiting shows. */
const PATIENCE = 250;

/**
 * Asks what is typed and shows what comes back.
 *
 * @param {HTMLElement} host
 * @param {View} view
 * @param {Settings} settings
 */
export function createSession(host, view, settings) {
  const { messages, language, endpoint, fields, remembers, suggests } = settings;
  const { field, list, notice, status } = view;
  const cursor = createCursor(list, field);
  const search = createSearch(endpoint, suggests);
  const filters = createFilters(view.filters, fields, labelOf, ask);
  const scope = createScope(host, endpoint, filters);
  let pause = 0;
  let patience = 0;
  /** The text of the search under way. @type {string | undefined} */
  let asking;
  /** Whether the list answers another text, or other filters, than those that are there now. */
  let stale = true;
  /** The Enter that waits for the answer to what was typed. @type {(() => void) | undefined} */
  let entered;
  /** Content of the list, and the pages or hits of the answer that it takes. @type {{ query: string, hits: readonly Hit[], pages: number, taken: number, first?: Answer }} */
  let shown = { query: "", hits: [], pages: 0, taken: 0 };

  /** @param {Node[]} options @param {...(Node | string)} said */
  function show(options, ...said) {
    clearTimeout(patience);
    asking = undefined;
    stale = false;
    list.classList.remove("waiting");
    list.replaceChildren(...options);
    notice.replaceChildren(...said);
    view.count.textContent = "";
    view.more.hidden = true;
    field.setAttribute("aria-expanded", String(options.length > 0));
    cursor.set(undefined);
  }

  /** @param {string} field @param {string | number | boolean} [value] */
  function labelOf(field, value) {
    if (value === undefined) return String(messages[field] ?? field);
    return field === "lang" ? languageName(String(value), language) : String(value);
  }

  function showRecent() {
    entered = undefined;
    const recent = remembers ? recentSearches() : [];
    show(recent.length > 0 ? [queryGroup("recent", recent, messages.recent)] : []);
    view.forget.hidden = recent.length === 0;
    status.textContent = "";
  }

  /** A line that offers the corrected words. @param {string} corrected */
  function correction(corrected) {
    const [before = "", after = ""] = fill(messages.didYouMean, language, {}).split("{query}");
    const button = h("button", { type: "button", class: "text-button", dir: "auto" }, corrected);
    button.addEventListener("click", () => searchFor(corrected));
    return h("div", { part: "correction", class: "correction" }, before, button, after);
  }

  /** @param {string} query */
  function searchFor(query) {
    field.value = query;
    field.focus();
    ask();
  }

  /**
   * @param {readonly Hit[]} hits
   * @param {string} query
   * @param {Answer} last part of them
   * @param {number} [taken] pages or hits of the parts before
   * @param {boolean} [ended] whether there are no more
   */
  function showHits(hits, query, last, taken = 0, ended = sizeOf(last) < STEP) {
    const pages = groupByPage(hits, document.baseURI, query);
    const count = hits.length;
    const nothing = fill(messages.nothing, language, { query });
    const isLoose = last.warnings?.some(({ code }) => code === "PHRASE_NOT_FOUND");
    const isNear = !hasWords(hits, query);
    const found = isLoose ? messages.loose : isNear ? messages.nearest : "";
    const said = count === 0 ? nothing : found;
    const first = taken === 0 ? last : (shown.first ?? last);
    const { didYouMean, suggestions = [] } = first;
    const corrected = didYouMean && correctedQuery(didYouMean, first.hits);
    show(
      [
        ...(suggestions.length > 0 ? [queryGroup("suggestions", suggestions, messages.suggestions)] : []),
        ...pageGroups(pages, query),
      ],
      ...(corrected ? [correction(corrected)] : []),
      said,
    );
    shown = { query, hits, pages: pages.length, taken: taken + sizeOf(last), first };
    status.textContent = [
      corrected && fill(messages.didYouMean, language, { query: corrected }),
      said,
      count > 0 && fill(messages.found, language, { count }),
    ]
      .filter(Boolean)
      .join(" ");
    if (count === 0) return;
    // Pages that hold the words are counted; those that are near in meaning have no end.
    const known = (!ended && !isNear && last.total?.groups) || 0;
    const plus = ended || known > pages.length ? "" : "+";
    view.count.textContent = fill(messages.pages, language, { count: Math.max(known, pages.length), plus });
    view.more.hidden = ended;
    view.more.textContent = messages.more;
  }

  /** @param {unknown} error */
  function reasonOf(error) {
    if (!(error instanceof Failure)) {
      // An answer of another form than the Worker's: whoever made it finds out where.
      console.error(error);
      return messages.malformed;
    }
    if (error.reason !== undefined) return fill(messages.failed, language, { reason: error.reason });
    return navigator.onLine ? messages.unreachable : messages.offline;
  }

  /** @param {unknown} error */
  function showFailure(error) {
    const said = reasonOf(error);
    const retry = h("button", { type: "button", class: "text-button" }, messages.retry);
    retry.addEventListener("click", () => {
      field.focus();
      ask();
    });
    show([], said, " ", retry);
    status.textContent = said;
    // Enter asks again.
    stale = true;
    entered = undefined;
  }

  async function ask() {
    clearTimeout(pause);
    clearTimeout(patience);
    const query = field.value.trim();
    asking = query;
    stale = true;
    // Gives up what is under way.
    const turn = search.turn();
    if (query === "") return showRecent();
    view.forget.hidden = true;
    patience = setTimeout(() => {
      list.classList.add("waiting");
      status.textContent = messages.searching;
    }, PATIENCE);
    try {
      await scope.ready();
      const answer = await turn({ query, filter: scope.filter(), facets: fields });
      const { hits, facets, version } = answer;
      filters.update(facets);
      showHits(hits, query, answer);
      cursor.first();
      const detail = { query, count: hits.length, version };
      host.dispatchEvent(new CustomEvent("annoy-search", { detail, bubbles: true }));
    } catch (error) {
      return showFailure(error);
    }
    const go = entered;
    entered = undefined;
    go?.();
  }

  async function more() {
    const { query, hits: before, pages, taken } = shown;
    view.more.textContent = messages.searching;
    try {
      const asked = { query, filter: scope.filter(), facets: [], offset: taken };
      const answer = await search.turn()(asked);
      const known = new Set(before.map(({ id }) => id));
      const fresh = answer.hits.filter(({ id }) => !known.has(id));
      const ended = sizeOf(answer) < STEP || fresh.length === 0;
      showHits([...before, ...fresh], query, answer, taken, ended);
      cursor.set(list.querySelectorAll("[part=page]")[pages]?.querySelector("[role=option]") ?? undefined);
    } catch (error) {
      view.more.textContent = status.textContent = `${reasonOf(error)} ${messages.retry}`;
    }
  }

  /** Follows an option: a result, or an earlier search. @param {HTMLElement} option @param {Event} event @param {() => void} close */
  function choose(option, event, close) {
    const { query } = option.dataset;
    if (query === undefined) return follow(host, option, event, { ...settings, query: shown.query, close });
    searchFor(query);
  }

  return {
    ask,
    more,
    follow: choose,
    /** The condition that every search is held to. */
    filter: scope.filter,
    opened() {
      if (scope.read() || stale) ask();
    },
    /** Nothing that is under way leads anywhere once the dialog is closed. */
    rest() {
      entered = undefined;
    },
    typed() {
      clearTimeout(pause);
      stale = true;
      entered = undefined;
      if (field.value.trim() === "") ask();
      else pause = setTimeout(ask, PAUSE);
    },
    /**
     * Follows the option that is selected, if it answers what was typed; else the best of the answer to come.
     *
     * @param {Event} event
     * @param {() => void} close
     */
    enter(event, close) {
      const go = () => {
        const option = cursor.current();
        if (option) choose(option, event, close);
      };
      if (!stale) return go();
      entered = go;
      if (asking !== field.value.trim()) ask();
    },
    /** @param {1 | -1} step */
    move(step) {
      if (step > 0 && cursor.atEnd() && !view.more.hidden && !stale) more();
      else cursor.move(step);
    },
    /** @param {HTMLElement} option */
    point(option) {
      if (option !== cursor.current()) cursor.set(option);
    },
    forget() {
      forgetSearches();
      showRecent();
    },
  };
}
