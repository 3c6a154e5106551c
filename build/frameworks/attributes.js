/**
 * Attributes of `<annoy-search>` on a page, from the settings of an integration. Runs in browsers, too.
 *
 * @param {import("./settings.ts").SearchSettings} settings
 * @param {string} language of the page
 * @param {Record<string, unknown>} translated texts that the theme has in this language
 * @returns {Record<string, string>}
 */
export function attributesOf(settings, language, translated = {}) {
  const { endpoint, filters, filter, scope, messages = {}, suggest, insight } = settings;
  const lower = language.toLowerCase();
  const own = Object.entries(messages).find(([key]) => key.toLowerCase() === lower)?.[1];
  const near = Object.entries(messages).find(([key]) => key.toLowerCase() === lower.split("-")[0])?.[1];
  const texts = { ...defined(translated), ...(own ?? near) };
  return {
    // Without one the site's own: a bundler may have put anything in place of where the element came from.
    endpoint: endpoint ?? "",
    ...(filters?.length && { filters: filters.join(" ") }),
    ...(filter && { filter: JSON.stringify(filter) }),
    ...(scope && { scope: scope.join(" ") }),
    ...(Object.keys(texts).length > 0 && { messages: JSON.stringify(texts) }),
    ...(suggest && { suggest: "" }),
    ...(insight && { insight: "" }),
  };
}

/** @param {Record<string, unknown>} texts */
function defined(texts) {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text));
}
