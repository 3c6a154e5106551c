import { isRounded } from "../../worker/core/format/integers.ts";
import { capture, directive, ignored } from "../sources/html/directives.ts";
import { attribute, type Document, type Element, elements, parseHtml, textOf } from "../sources/html/dom.ts";
import { furnitureOf, type LeftOut } from "../sources/html/furniture.ts";
import {
  contentRoots,
  createLandmarks,
  isLookedInto,
  isWithin,
  type Landmarks,
  MAX_HEADINGS_LOOKED_AT,
} from "../sources/html/roots.ts";
import { headingText, type Section, sectionsOf } from "../sources/html/sections.ts";
import { entriesOf, isListAddress } from "./entries.ts";
import { forbidsIndexing, refreshTarget } from "./robots.ts";
import { pageKey } from "./urls.ts";

/** Headings of a page that its title is looked for among. */
const MAX_HEADINGS = 4;

/** A page of a site, read. */
export interface Page {
  readonly title: string;
  /** Possible titles, until all pages of the site are known (names.ts). */
  readonly names: {
    /** Said by an attribute, or by front matter. */
    readonly given?: string;
    /** Texts of `h1`, in order. */
    readonly headings: readonly string[];
    /** Text of `title`. */
    readonly head: string;
  };
  readonly sections: readonly Section[];
  readonly lang?: string;
  /** Language that the content declares, where it is another one than the page's: it is not translated. */
  readonly contentLang?: string;
  /** As written: perhaps relative to `base`. */
  readonly canonical?: string;
  /** Address of the page for readers of no language in particular (`hreflang="x-default"`), likewise. */
  readonly default?: string;
  /** Base of relative addresses, when it is not the page itself. */
  readonly base?: string;
  /** Address that its front matter gives: a path from the root of the site, or the last part of its own. */
  readonly address?: string;
  readonly image?: string;
  readonly breadcrumbs: readonly string[];
  readonly description?: string;
  readonly filters: Readonly<Record<string, readonly string[]>>;
  /** Addresses, as written, of the pages that it may be a list of. */
  readonly entries: readonly string[];
  readonly meta: Readonly<Record<string, string>>;
  /** Values for sorting; numbers where they are. */
  readonly sorts: Readonly<Record<string, string | number>>;
  /** The page says which part of it is content. */
  readonly marked: boolean;
  /** Faults in its markup. */
  readonly warnings?: readonly string[];
}

/** Why a page is none to be found. */
export interface Skipped {
  readonly skipped: "redirect" | "noindex" | "list" | "empty" | "draft" | "excluded";
  /** Source of the reason. */
  readonly detail?: string;
}

export function isPage(read: Page | Skipped): read is Page {
  return !("skipped" in read);
}

/** Stands for a site whose address is not known. */
export const UNKNOWN_SITE = "http://site.invalid/";

/**
 * Reads a page of HTML; or says why it is none to be found.
 *
 * @param url where it lies; relative when the site's address is not known
 */
export function readPage(html: string, url = ""): Page | Skipped {
  const document = parseHtml(html);
  const found = survey(document);
  const own = URL.parse(url, UNKNOWN_SITE)?.href ?? UNKNOWN_SITE;
  const base = (found.base !== undefined && URL.parse(found.base, own)?.href) || own;
  const target = !found.refresh ? undefined : URL.parse(found.refresh, base)?.href;
  if (target !== undefined && pageKey(target) !== pageKey(own))
    return { skipped: "redirect", detail: target.replace(UNKNOWN_SITE, "/") };
  if (found.robots !== undefined) return { skipped: "noindex", detail: `robots: ${found.robots}` };
  if (found.list !== undefined) return { skipped: "list", detail: `docusaurus_tag: ${found.list}` };
  const { roots, declared } = contentRoots(found.landmarks);
  const leadsHere = (href: string) => {
    if (href.startsWith("#")) return true;
    const there = URL.parse(href, base)?.href;
    return there !== undefined && pageKey(there) === pageKey(own);
  };
  const context = { leadsHere, controlled: found.landmarks.controlled };
  const leftOut = furnitureOf({ ...context, declared });
  let sections = roots.flatMap((root) => sectionsOf(root, leftOut));
  const { body, marked } = found.landmarks;
  if (sections.length === 0 && marked.length === 0 && body && !roots.includes(body)) {
    sections = sectionsOf(body, furnitureOf({ ...context, declared: false }));
  }
  if (sections.length === 0) return { skipped: "empty" };
  return pageOf(found, {
    sections,
    headings: firstHeadings(roots, found.landmarks.h1s, leftOut),
    entries: entriesOf(roots, leftOut, isListAddress(own)),
    contentLang: languageOf(roots),
  });
}

function pageOf(
  found: Survey,
  read: {
    readonly sections: readonly Section[];
    readonly headings: string[];
    readonly entries: readonly string[];
    readonly contentLang: string | undefined;
  },
): Page {
  const { sections, headings, contentLang } = read;
  const meta = { ...found.defaults, ...found.meta };
  const head = found.title ?? "";
  const image = meta.image ?? found.image;
  return {
    title: meta.title ?? (headings[0] || head || sections[0]!.heading),
    names: { ...(meta.title !== undefined && { given: meta.title }), headings, head },
    sections,
    ...(found.lang && { lang: found.lang.toLowerCase() }),
    ...(contentLang && contentLang !== found.lang?.toLowerCase() && { contentLang }),
    ...(found.canonical !== undefined && { canonical: found.canonical }),
    ...(found.default && { default: found.default }),
    ...(found.base !== undefined && { base: found.base }),
    ...(image && { image }),
    ...(found.description && { description: found.description }),
    breadcrumbs: found.breadcrumbs,
    filters: found.filters,
    entries: read.entries,
    meta,
    sorts: found.sorts,
    marked: found.landmarks.marked.length > 0,
  };
}

interface Survey {
  lang?: string;
  title?: string;
  canonical?: string;
  default?: string;
  base?: string;
  image?: string;
  description?: string;
  /** Target of an immediate refresh. */
  refresh?: string;
  /** Directives that keep the page out. */
  robots?: string;
  /** Kind of list that Docusaurus calls the page. */
  list?: string;
  landmarks: Landmarks;
  breadcrumbs: string[];
  filters: Record<string, string[]>;
  meta: Record<string, string>;
  defaults: Record<string, string>;
  sorts: Record<string, string | number>;
}

/** One walk over the whole page for everything but its text. */
function survey(document: Document): Survey {
  const landmarks = createLandmarks();
  const found: Survey = {
    landmarks,
    breadcrumbs: [],
    filters: Object.create(null) as Record<string, string[]>,
    meta: Object.create(null) as Record<string, string>,
    defaults: Object.create(null) as Record<string, string>,
    sorts: Object.create(null) as Record<string, string | number>,
  };
  for (const element of elements(document, isLookedInto)) {
    if (ignored(element) === "all") continue;
    landmarks.note(element);
    const name = element.tagName;
    if (name === "html") found.lang ??= attribute(element, "lang") ?? "";
    else if (name === "title") found.title ??= textOf(element);
    else if (name === "meta" || name === "link" || name === "base") readHead(element, found);
    if (element.attrs.length > 0) readAttributes(element, found);
  }
  return found;
}

function readAttributes(element: Element, found: Survey): void {
  if (found.breadcrumbs.length === 0 && isBreadcrumbs(element)) found.breadcrumbs = crumbsOf(element);
  for (const [key, value] of captured(element, "filter")) addFilter(found, key, value);
  for (const [key, value] of captured(element, "meta")) found.meta[key] = value;
  for (const [key, value] of captured(element, "sort")) {
    const number = Number(value);
    // Digits that a number would lose stay text.
    const isNumber = Number.isFinite(number) && value.trim() !== "" && !isRounded(value.trim(), number);
    found.sorts[key] ??= isNumber ? number : value;
  }
  for (const [key, value] of captured(element, "default-meta")) found.defaults[key] = value;
}

/** Language that all of these elements declare themselves; undefined where they do not, or not the same. */
function languageOf(roots: readonly Element[]): string | undefined {
  const [language, ...others] = new Set(roots.map((root) => attribute(root, "lang")?.toLowerCase()));
  return others.length === 0 ? language : undefined;
}

/** Texts of the first `h1` elements, those of the content where it has some: others may be the site's. */
function firstHeadings(roots: readonly Element[], h1s: readonly Element[], leftOut: LeftOut): string[] {
  const first = h1s.slice(0, MAX_HEADINGS_LOOKED_AT);
  const inside = first.filter((h1) => isWithin(h1, roots));
  return (inside.length > 0 ? inside : first)
    .slice(0, MAX_HEADINGS)
    .map((element) => (leftOut(element) ? "" : headingText(element, leftOut)))
    .filter((text) => text !== "");
}

function captured(element: Element, kind: "filter" | "meta" | "default-meta" | "sort"): [string, string][] {
  const value = directive(element, kind);
  return value === undefined ? [] : capture(element, value);
}

function readHead(element: Element, found: Survey): void {
  if (element.tagName === "base") {
    found.base ??= attribute(element, "href") ?? "";
    return;
  }
  if (element.tagName === "link") {
    const rel = attribute(element, "rel")?.toLowerCase().split(/\s+/) ?? [];
    if (rel.includes("canonical")) found.canonical ??= attribute(element, "href") ?? "";
    if (rel.includes("alternate") && attribute(element, "hreflang")?.toLowerCase() === "x-default")
      found.default ??= attribute(element, "href") ?? "";
    return;
  }
  const content = attribute(element, "content") ?? "";
  const key = (attribute(element, "name") ?? attribute(element, "property") ?? "").trim().toLowerCase();
  if (attribute(element, "http-equiv")?.trim().toLowerCase() === "refresh")
    found.refresh ??= refreshTarget(content) ?? "";
  else if (key === "robots" && forbidsIndexing(content)) found.robots ??= content;
  else if (key === "og:image") found.image ??= content;
  else if (key.startsWith("docsearch:")) readDocSearch(key.slice("docsearch:".length), content, found);
  else if (key === "description") found.description ??= content;
}

/** Reads `<meta name="docsearch:…">`, which Docusaurus writes: attributes that DocSearch filters by. */
function readDocSearch(name: string, content: string, found: Survey): void {
  if (name === "docusaurus_tag" && /^(?:blog|doc)_\w+_(?:list|posts)$/.test(content)) found.list ??= content;
  // A tag of Docusaurus' own, which says the version again; and the language, which the page declares.
  if (name === "docusaurus_tag" || name === "language") return;
  found.filters[name] ??= [];
  const values = content.split(",").map((part) => part.trim());
  for (const value of values) if (value !== "") addFilter(found, name, value);
}

function addFilter({ filters }: Survey, name: string, value: string): void {
  filters[name] ??= [];
  if (!filters[name].includes(value)) filters[name].push(value);
}

function isBreadcrumbs(element: Element): boolean {
  if (!["nav", "ol", "ul", "div"].includes(element.tagName)) return false;
  const label = `${attribute(element, "aria-label") ?? ""} ${attribute(element, "class") ?? ""}`;
  return /\bbread-?crumbs?\b/i.test(label);
}

function crumbsOf(element: Element): string[] {
  const items = [...elements(element)].filter((e) => e.tagName === "li");
  const parts = items.length > 0 ? items : [...elements(element)].filter((e) => e.tagName === "a");
  return parts.map((part) => withoutMarks(textOf(part))).filter((text) => text !== "");
}

/** A crumb without what separates it from the next. */
function withoutMarks(text: string): string {
  const isMark = (char: string | undefined) => char !== undefined && /[\s/›»>]/.test(char);
  let start = 0;
  let end = text.length;
  while (start < end && isMark(text[start])) start++;
  while (end > start && isMark(text[end - 1])) end--;
  return text.slice(start, end);
}
