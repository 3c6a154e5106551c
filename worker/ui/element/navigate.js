import { h } from "./dom.js";

/** @import { Settings } from "./index.js" */

/**
 * Follows a result.
 *
 * @param {HTMLElement} host
 * @param {HTMLElement} option
 * @param {Event} event key, click or submission that chose it
 * @param {Settings & { readonly query: string, readonly close: () => void }} context
 */
export function follow(host, option, event, { query, close, endpoint, remembers }) {
  const { id, position } = option.dataset;
  const url = option instanceof HTMLAnchorElement && option.href ? option.href : undefined;
  // A beacon without a body: where the hit stood, and nothing else. It goes out although the page is left.
  if (host.hasAttribute("insight")) navigator.sendBeacon(`${endpoint}/v1/selections/${position}`);
  const detail = { query, id, url, position: Number(position) };
  const goes = host.dispatchEvent(
    new CustomEvent("annoy-search-select", { detail, bubbles: true, cancelable: true }),
  );
  if (remembers) rememberSearch(query);
  const { ctrlKey, metaKey, shiftKey } = /** @type {KeyboardEvent} */ (event);
  const isClick = event instanceof MouseEvent;
  if (isClick && (ctrlKey || metaKey || shiftKey)) {
    // The browser opens a tab or a window; the results stay.
    if (!goes) event.preventDefault();
    return;
  }
  event.preventDefault();
  close();
  if (!goes || url === undefined) return;
  if (ctrlKey || metaKey) window.open(url, "_blank", "noopener");
  else visit(host, url);
}

/** Presses a link outside the shadow root, where the site's router sees it. @param {HTMLElement} host @param {string} url */
function visit(host, url) {
  const link = h("a", { href: url, hidden: true });
  host.append(link);
  link.click();
  link.remove();
}

const KEY = "annoy-search:recent";
const MOST = 5;

/** Searches that led somewhere, newest first; on this device only. @returns {string[]} */
export function recentSearches() {
  try {
    const list = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(list) ? list.filter((query) => typeof query === "string").slice(0, MOST) : [];
  } catch {
    // Storage is forbidden, full or holds something else: then there are none.
    return [];
  }
}

/** @param {string} query */
export function rememberSearch(query) {
  store([query, ...recentSearches().filter((other) => other !== query)].slice(0, MOST));
}

export function forgetSearches() {
  store([]);
}

/** @param {string[]} list */
function store(list) {
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // As above.
  }
}
