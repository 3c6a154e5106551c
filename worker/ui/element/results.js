import { matchesOf, plain, WORD } from "./words.js";

/** @import { Correction } from "./client.js" */

/**
 * Hits as readers see them: grouped by page, with the sections that matched.
 *
 * @typedef {{ readonly text: string, readonly offset?: number, readonly ranges: readonly { readonly start: number, readonly end: number }[] }} Excerpt
 * @typedef {{ readonly id: string, readonly metadata?: Record<string, unknown>, readonly highlights?: readonly Excerpt[] }} Hit
 *
 * @typedef {object} Section
 * @property {string} id of the hit
 * @property {number} position of the hit in the answer, from 0
 * @property {string | undefined} url with its anchor; undefined when the document says none that can be followed
 * @property {string} title of the section; empty for the page as a whole
 * @property {Excerpt | undefined} excerpt
 *
 * @typedef {object} Page
 * @property {string} title
 * @property {string | undefined} url without an anchor
 * @property {readonly string[]} crumbs
 * @property {Section | undefined} whole what matched outside any section
 * @property {Section[]} sections
 */

/**
 * Pages in the order of their best hit; those first whose title is what was typed, letter by letter or but for case and
 * accents.
 *
 * @param {readonly Hit[]} hits best first
 * @param {string} base what relative addresses are relative to
 * @param {string} query
 * @returns {Page[]}
 */
export function groupByPage(hits, base, query) {
  /** @type {Map<string, Page>} */
  const pages = new Map();
  for (const [position, hit] of hits.entries()) {
    const metadata = hit.metadata ?? {};
    const address = addressOf(metadata, base);
    const url = address && withoutAnchor(address);
    const key = url ?? (textOf(metadata.source) || hit.id);
    let page = pages.get(key);
    if (page === undefined) {
      page = {
        title: titleOf(metadata, hit.id),
        url,
        crumbs: strings(metadata.breadcrumbs),
        whole: undefined,
        sections: [],
      };
      pages.set(key, page);
    }
    const title = textOf(metadata.section) || textOf(metadata.heading);
    const section = { id: hit.id, position, url: address?.href, title, excerpt: hit.highlights?.[0] };
    if (title === "" || title === page.title) page.whole ??= section;
    // A long section is several documents, which lead to the same place.
    else if (!page.sections.some((other) => other.url === section.url && other.title === title)) {
      page.sections.push(section);
    }
  }
  const typed = query.trim();
  /** @param {Page} page */
  const likeness = ({ title }) => (title === typed ? 2 : plain(title) === plain(typed) ? 1 : 0);
  return [...pages.values()].sort((a, b) => likeness(b) - likeness(a));
}

/**
 * Whether any hit has a word of the query, or one that stands for it, in its text, title or heading.
 *
 * @param {readonly Hit[]} hits
 * @param {string} query
 */
export function hasWords(hits, query) {
  return hits.some(
    ({ id, metadata = {}, highlights }) =>
      highlights?.some(({ ranges }) => ranges.length > 0) ||
      [titleOf(metadata, id), textOf(metadata.section), textOf(metadata.heading)].some(
        (name) => matchesOf(name, query).length > 0,
      ),
  );
}

/**
 * A corrected query, its words with the accents that hits have: the Worker's answer has none.
 *
 * @param {Correction} correction
 * @param {readonly Hit[]} hits
 */
export function correctedQuery({ query, words }, hits) {
  const texts = hits.flatMap(({ id, metadata = {}, highlights = [] }) => [
    titleOf(metadata, id),
    ...highlights.map(({ text }) => text),
  ]);
  return words.reduce((corrected, { correction }) => {
    const written = texts
      .flatMap((text) => text.match(WORD) ?? [])
      .find((word) => plain(word) === correction)
      ?.toLowerCase();
    return written ? corrected.replace(correction, () => written) : corrected;
  }, query);
}

/** @param {Record<string, unknown>} metadata @param {string} base @returns {URL | undefined} */
export function addressOf(metadata, base) {
  const given = addressHere(metadata) || textOf(metadata.url);
  if (given === "" || !URL.canParse(given, base)) return undefined;
  const url = new URL(given, base);
  // A document may say `javascript:` or `data:`; only pages are followed.
  if (url.protocol !== "https:" && url.protocol !== "http:") return undefined;
  const anchor = textOf(metadata.anchor);
  if (anchor !== "" && url.hash === "") url.hash = anchor;
  return url;
}

/** Address under which a page that is not translated is shown in the language of this one. @param {Record<string, unknown>} metadata */
function addressHere({ alternates }) {
  const language = document.documentElement.lang.toLowerCase();
  const shown = Array.isArray(alternates) ? alternates.find((one) => one?.lang === language) : undefined;
  return textOf(shown?.url);
}

/** @param {URL} url */
function withoutAnchor(url) {
  const page = new URL(url);
  page.hash = "";
  return page.href;
}

/** @param {Record<string, unknown>} metadata @param {string} id */
export function titleOf(metadata, id) {
  return textOf(metadata.title) || textOf(metadata.source).split("/").at(-1) || id;
}

/** Characters of a title that are shown. */
const MOST = 300;

/** @param {string} text */
const cut = (text) => (text.length > MOST ? `${text.slice(0, MOST).toWellFormed()} …` : text);

/** A text of the metadata, no longer than a line or two. @param {unknown} value */
export function textOf(value) {
  return typeof value === "string" ? cut(value.trim()) : "";
}

/** @param {unknown} value */
function strings(value) {
  return Array.isArray(value) ? value.filter((part) => typeof part === "string") : [];
}
