/**
 * Everything that the element says. Other languages replace any of it: by the property `messages`, or the attribute of
 * that name as JSON. Plurals are picked by the language of the page; `{name}` is filled in.
 *
 * @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>>} Message
 * @typedef {typeof ENGLISH} Messages
 */

export const ENGLISH = {
  open: "Search",
  label: "Search this site",
  placeholder: "Search by words or meaning",
  close: "Close",
  searching: "Searching…",
  found: /** @type {Message} */ ({ one: "{count} result", other: "{count} results" }),
  pages: /** @type {Message} */ ({ one: "{count}{plus} page", other: "{count}{plus} pages" }),
  more: "More results",
  nothing: "Nothing found for “{query}”.",
  didYouMean: "Did you mean {query}?",
  suggestions: "Suggestions",
  loose: "No page has the quoted words as they stand. Pages with some of them:",
  nearest: "No page has these words. Nearest in meaning:",
  unreachable: "The search could not be reached.",
  offline: "You are offline.",
  failed: "The search failed: {reason}",
  malformed: "The answer of the search could not be read.",
  retry: "Try again",
  recent: "Recent searches",
  forget: "Forget them",
  filters: "Filters",
  lang: "Language",
  version: "Version",
  toSelect: "to select",
  toOpen: "to open",
  toClose: "to close",
};

/**
 * @param {Message} message
 * @param {string} language
 * @param {Record<string, string | number>} values
 */
export function fill(message, language, values) {
  let template = message;
  if (typeof template !== "string") {
    const rule = plurals(language).select(Number(values.count));
    template = template[rule] ?? template.other ?? "";
  }
  return template.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** Name of a language in another one; its code where there is none. @param {string} code @param {string} language */
export function languageName(code, language) {
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** A page may declare a language that is none. @param {string} language */
function plurals(language) {
  try {
    return new Intl.PluralRules(language);
  } catch {
    return new Intl.PluralRules("en");
  }
}
