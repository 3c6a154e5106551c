/** @import { Hit } from "./api.js" */

/**
 * Parts of an entry, whatever kind of document it comes from.
 *
 * @typedef {object} Entry
 * @property {string} head the word, the title, or the id when there is neither
 * @property {readonly string[]} others further words of the same meaning
 * @property {string} note part of speech, or where the document comes from
 * @property {string} body
 * @property {readonly string[]} examples
 * @property {string | undefined} url where the document can be read, when it says so
 */

const ABBREVIATIONS = new Map([
  ["noun", "n."],
  ["verb", "v."],
  ["adjective", "adj."],
  ["adverb", "adv."],
]);

/** `n.` for `noun`; anything else stays as it is. @param {string} note */
export function abbreviate(note) {
  return ABBREVIATIONS.get(note) ?? note;
}

/**
 * @param {Hit} hit
 * @returns {Entry}
 */
export function entryOf(hit) {
  const metadata = hit.document?.metadata ?? {};
  const body = (hit.document?.pageContent ?? "").trim();
  const words = strings(metadata.words);
  if (words.length > 0) {
    const prefix = `${words.join(", ")}: `;
    return {
      head: words[0] ?? "",
      others: words.slice(1),
      note: text(metadata.partOfSpeech),
      body: body.startsWith(prefix) ? body.slice(prefix.length) : body,
      examples: strings(metadata.examples),
      url: undefined,
    };
  }
  const source = text(metadata.url) || text(metadata.source);
  const url = webAddress(source);
  const title = text(metadata.title);
  return {
    head: title || nameOf(source, url) || hit.id,
    others: [],
    note: title ? nameOf(source, url) : "",
    body,
    examples: [],
    url,
  };
}

/** The last part of a path, or host and path of an address. @param {string} source @param {string | undefined} url */
function nameOf(source, url) {
  if (url === undefined) return source.split(/[\\/]/).at(-1) ?? "";
  const { host, pathname } = new URL(url);
  return host + (pathname === "/" ? "" : pathname);
}

/** Only web addresses become links: a document may say `javascript:` or `data:`. @param {string} value */
function webAddress(value) {
  if (!URL.canParse(value)) return undefined;
  const { protocol, href } = new URL(value);
  return protocol === "https:" || protocol === "http:" ? href : undefined;
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value.trim() : "";
}

/** @param {unknown} value @returns {string[]} */
function strings(value) {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string" && item !== "") : [];
}
