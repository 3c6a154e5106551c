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
