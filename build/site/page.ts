import { parse } from "parse5";
import { headingText, leftOut, type Section, sectionsOf } from "./content.ts";
import { capture, directive, ignored } from "./directives.ts";
import { attribute, type Element, elements, isElement, type Node, textOf } from "./dom.ts";

/** Headings of a page that its title is looked for among. */
const MAX_HEADINGS = 4;
const MAX_LOOKED_AT = 32;

/** A page of a site, read. */
export interface Page {
  readonly title: string;
  /** What the title may be, until all pages of the site are known (names.ts). */
  readonly names: {
    /** Said by an attribute. */
    readonly given?: string;
    /** Texts of `h1`, in order. */
    readonly headings: readonly string[];
    /** Text of `title`. */
    readonly head: string;
  };
  readonly sections: readonly Section[];
  readonly lang?: string;
  /** As written: perhaps relative. */
  readonly canonical?: string;
  readonly image?: string;
  readonly breadcrumbs: readonly string[];
  readonly description?: string;
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly meta: Readonly<Record<string, string>>;
  /** What results could be put in order by; numbers where they are. */
  readonly sorts: Readonly<Record<string, string | number>>;
  /** The page says which part of it is content. */
  readonly marked: boolean;
}

export type Skipped = "redirect" | "noindex" | "empty";

/** Reads a page of HTML; or says why it is none to be found. */
export function readPage(html: string): Page | Skipped {
  const found = survey(parse(html));
  if (found.redirect) return "redirect";
  if (found.noindex) return "noindex";
  const roots = found.marked.length > 0 ? found.marked : contentRoots(found);
  let sections = roots.flatMap(sectionsOf);
  if (sections.length === 0 && found.marked.length === 0 && found.body) sections = sectionsOf(found.body);
  if (sections.length === 0) return "empty";
  const meta = { ...found.defaults, ...found.meta };
  const head = found.title ?? "";
  const headings = firstHeadings(roots, found.h1s);
  const title = meta.title ?? (headings[0] || head || sections[0]!.heading);
  const image = meta.image ?? found.image;
  return {
    title,
    names: { ...(meta.title !== undefined && { given: meta.title }), headings, head },
    sections,
    ...(found.lang && { lang: found.lang.toLowerCase() }),
    ...(found.canonical && { canonical: found.canonical }),
    ...(image && { image }),
    ...(found.description && { description: found.description }),
    breadcrumbs: found.breadcrumbs,
    filters: found.filters,
    meta,
    sorts: found.sorts,
    marked: found.marked.length > 0,
  };
}

interface Survey {
  lang?: string;
  title?: string;
  canonical?: string;
  image?: string;
  description?: string;
  redirect: boolean;
  noindex: boolean;
  body?: Element;
  mains: Element[];
  articles: Element[];
  marked: Element[];
  h1s: Element[];
  breadcrumbs: string[];
  filters: Record<string, string[]>;
  meta: Record<string, string>;
  defaults: Record<string, string>;
  sorts: Record<string, string | number>;
}

/** One walk over the whole page for everything but its text. */
function survey(document: Parameters<typeof elements>[0]): Survey {
  const found: Survey = {
    redirect: false,
    noindex: false,
    mains: [],
    articles: [],
    marked: [],
    h1s: [],
    breadcrumbs: [],
    filters: Object.create(null) as Record<string, string[]>,
    meta: Object.create(null) as Record<string, string>,
    defaults: Object.create(null) as Record<string, string>,
    sorts: Object.create(null) as Record<string, string | number>,
  };
  const inside = new WeakSet<Element>();
  for (const element of elements(document, (e) => e.tagName !== "svg" && ignored(e) !== "all")) {
    const name = element.tagName;
    if (ignored(element) === "all") continue;
    if (name === "html") found.lang ??= attribute(element, "lang") ?? "";
    else if (name === "title") found.title ??= textOf(element);
    else if (name === "body") found.body ??= element;
    else if (name === "h1") found.h1s.push(element);
    else if (name === "article") found.articles.push(element);
    else if (name === "meta" || name === "link") readHead(element, found);
    if (name === "main" || attribute(element, "role") === "main") found.mains.push(element);
    if (directive(element, "body") !== undefined && !inside.has(element)) {
      found.marked.push(element);
      // A body within a body is part of it already.
      for (const inner of elements(element)) inside.add(inner);
    }
    if (found.breadcrumbs.length === 0 && isBreadcrumbs(element)) found.breadcrumbs = crumbsOf(element);
    for (const [key, value] of captured(element, "filter")) {
      found.filters[key] ??= [];
      if (!found.filters[key].includes(value)) found.filters[key].push(value);
    }
    for (const [key, value] of captured(element, "meta")) found.meta[key] = value;
    for (const [key, value] of captured(element, "sort")) {
      const number = Number(value);
      found.sorts[key] ??= Number.isFinite(number) && value.trim() !== "" ? number : value;
    }
    for (const [key, value] of captured(element, "default-meta")) found.defaults[key] = value;
  }
  return found;
}

/** Texts of the first `h1` elements, those of the content where it has some: others may be the site's. */
function firstHeadings(roots: readonly Element[], h1s: readonly Element[]): string[] {
  const first = h1s.slice(0, MAX_LOOKED_AT);
  const inside = first.filter((h1) => within(h1, roots));
  return (inside.length > 0 ? inside : first)
    .slice(0, MAX_HEADINGS)
    .map((element) => (leftOut(element) ? "" : headingText(element)))
    .filter((text) => text !== "");
}

function captured(element: Element, kind: "filter" | "meta" | "default-meta" | "sort"): [string, string][] {
  const value = directive(element, kind);
  return value === undefined ? [] : capture(element, value);
}

function readHead(element: Element, found: Survey): void {
  const content = attribute(element, "content") ?? "";
  if (element.tagName === "link") {
    const rel = attribute(element, "rel")?.toLowerCase().split(/\s+/) ?? [];
    if (rel.includes("canonical")) found.canonical ??= attribute(element, "href") ?? "";
    return;
  }
  const key = (attribute(element, "name") ?? attribute(element, "property") ?? "").toLowerCase();
  if (attribute(element, "http-equiv")?.toLowerCase() === "refresh" && /url\s*=/i.test(content))
    found.redirect = true;
  else if (key === "robots" && /\b(?:noindex|none)\b/i.test(content)) found.noindex = true;
  else if (key === "og:image") found.image ??= content;
  else if (key === "description") found.description ??= content;
}

/**
 * Where the content lies when nothing marks it: `main`, a single `article`, or the whole body. Generators also put lists of
 * contents and pages beside into `main`: a single article in it that holds the heading is the content then.
 */
function contentRoots({ mains, articles, h1s, body }: Survey): Element[] {
  const [main] = mains;
  if (main) {
    const inside = articles.filter((article) => within(article, [main]));
    const headed = inside.length === 1 && h1s.slice(0, MAX_LOOKED_AT).some((h1) => within(h1, inside));
    return headed ? inside : [main];
  }
  if (articles.length === 1) return articles;
  return body ? [body] : [];
}

/** Whether an element lies in one of these, or is one. */
function within(element: Element, roots: readonly Element[]): boolean {
  for (let node: Node | null = element; node; node = isElement(node) ? node.parentNode : null) {
    if (isElement(node) && roots.includes(node)) return true;
  }
  return false;
}

function isBreadcrumbs(element: Element): boolean {
  const label = `${attribute(element, "aria-label") ?? ""} ${attribute(element, "class") ?? ""}`;
  return /\bbread-?crumbs?\b/i.test(label) && ["nav", "ol", "ul", "div"].includes(element.tagName);
}

function crumbsOf(element: Element): string[] {
  const items = [...elements(element)].filter((e) => e.tagName === "li");
  const parts = items.length > 0 ? items : [...elements(element)].filter((e) => e.tagName === "a");
  const texts = parts.map((part) => textOf(part).replace(/^[\s/›»>]+|[\s/›»>]+$/g, ""));
  return texts.filter((text) => text !== "");
}
