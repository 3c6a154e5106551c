import { BLOCKS, createLines, PARAGRAPHS, SKIPPED } from "../sources/html.ts";
import { directive, ignored } from "./directives.ts";
import {
  attribute,
  childrenOf,
  type Element,
  elements,
  isElement,
  isText,
  type Node,
  textOf,
} from "./dom.ts";

/** A stretch of a page below one heading. */
export interface Section {
  /** Fragment that leads to it; empty for the beginning of the page, or where the page has no anchor. */
  readonly anchor: string;
  /** Its own heading; empty for what stands before the first. */
  readonly heading: string;
  /** Headings above it, outermost first. */
  readonly parents: readonly string[];
  readonly text: string;
  /** Text that the page marks as weighing more, or less than nothing (which is left out). */
  readonly important: readonly string[];
  /** Links within the text, and the characters of it that are links. */
  readonly links: number;
  readonly linked: number;
}

/** Furniture around the content. */
const FURNITURE: ReadonlySet<string> = new Set(["nav", "footer", "form", "label", "aside"]);
const FURNITURE_ROLES: ReadonlySet<string> = new Set(["navigation", "search", "contentinfo", "banner"]);
/** Furniture by the names that generators give it: DocBook, Sphinx, Texinfo, Bootstrap and those that follow them. */
const FURNITURE_CLASSES =
  /(?:^|\s)(?:nav|navbar|navheader|navfooter|nav-panel|navigation|pagination|breadcrumbs?|sphinxsidebar|skip-(?:link|nav))(?:\s|$)/i;
/** What lists a page's own headings; a list of other pages may be all the content that a page has. */
const CONTENTS_CLASSES = /(?:^|\s)(?:toc|table-of-contents|contents)(?:\s|$)/i;
const HEADING = /^h([1-6])$/;
/** Below every heading: a term of a definition list that has an id, such as a function in an API's reference. */
const TERM_LEVEL = 7;

/**
 * The text of a page's content, cut at its headings. A heading without an anchor, its own or that of the section around
 * it, begins a section only before the first one that has: nothing could lead there.
 */
export function sectionsOf(root: Element): Section[] {
  const sections: Section[] = [];
  const trail: { readonly level: number; readonly heading: string }[] = [];
  let lines = createLines();
  let important: string[] = [];
  let current = { anchor: "", heading: "", parents: [] as string[] };
  /** Ids of the elements that were entered since the last text: they name the heading that follows. */
  let pending = "";
  let preformatted = 0;
  let links = 0;
  let linked = 0;
  /** Links that the element at hand lies in: no link lies in another, but HTML that is read says so. */
  let inLink = 0;

  const indexEntries = new WeakSet<Element>();
  const finish = () => {
    const text = lines.finish();
    if (text !== "" || current.heading !== "") sections.push({ ...current, text, important, links, linked });
    lines = createLines();
    important = [];
    links = 0;
    linked = 0;
  };
  const begin = (level: number, heading: string, anchor: string) => {
    while (trail.length > 0 && trail.at(-1)!.level >= level) trail.pop();
    if (anchor === "" && current.anchor !== "") {
      // Nothing leads here: the heading stays text of the section before.
      lines.paragraph();
      lines.text(heading, false);
      lines.paragraph();
      return;
    }
    finish();
    current = { anchor, heading, parents: trail.map((entry) => entry.heading) };
    trail.push({ level, heading });
  };

  const stack: (Node | (() => void))[] = [root];
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (typeof next === "function") {
      next();
      continue;
    }
    if (isText(next)) {
      lines.text(next.value, preformatted > 0);
      if (next.value.trim() !== "") pending = "";
      if (inLink > 0) linked += next.value.length;
      continue;
    }
    if (isElement(next)) {
      if (next !== root && leftOut(next)) continue;
      const name = next.tagName;
      const id = attribute(next, "id") || (name === "a" ? attribute(next, "name") : undefined);
      const level = headingLevel(next, id);
      if (level > 0 && !indexEntries.has(next)) {
        const heading = headingText(next);
        if (heading !== "") begin(level, heading, id ?? innerAnchor(next) ?? pending);
        pending = "";
        continue;
      }
      if (name === "dl") addIndexEntries(next, indexEntries);
      if (id) pending = id;
      const weight = Number.parseFloat(directive(next, "weight") ?? "1");
      if (weight === 0) continue;
      if (weight > 1) important.push(textOf(next, leftOut));
      for (const extra of directive(next, "index-attrs")?.split(",") ?? []) {
        const value = attribute(next, extra.trim());
        if (value) lines.text(` ${value} `, false);
      }
      if (name === "a" && attribute(next, "href") !== undefined) {
        links++;
        inLink++;
        stack.push(() => inLink--);
      }
      if (name === "br") lines.lineBreak();
      else if (name === "td" || name === "th") lines.text(" ", false);
      if (name === "pre" || name === "textarea") {
        preformatted++;
        stack.push(() => preformatted--);
      }
      if (BLOCKS.has(name)) {
        // Methods of the lines that are current then, not now: a heading may come between.
        const end = PARAGRAPHS.has(name) ? () => lines.paragraph() : () => lines.block();
        end();
        stack.push(end);
      }
    }
    const children = childrenOf(next);
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!);
  }
  finish();
  return sections;
}

/** Elements that are not content wherever they stand. */
export function leftOut(element: Element): boolean {
  return (
    SKIPPED.has(element.tagName) ||
    FURNITURE.has(element.tagName) ||
    FURNITURE_ROLES.has(attribute(element, "role") ?? "") ||
    FURNITURE_CLASSES.test(attribute(element, "class") ?? "") ||
    isContents(element) ||
    attribute(element, "hidden") !== undefined ||
    attribute(element, "aria-hidden") === "true" ||
    ignored(element) !== undefined ||
    isSiteHeader(element)
  );
}

function isContents(element: Element): boolean {
  if (!CONTENTS_CLASSES.test(attribute(element, "class") ?? "")) return false;
  const links = [...elements(element)].filter((inner) => inner.tagName === "a");
  return links.length > 0 && links.every((link) => attribute(link, "href")?.startsWith("#"));
}

/** The site's header, not an article's: directly in the body, and without the page's title. */
function isSiteHeader(element: Element): boolean {
  if (element.tagName !== "header" || element.parentNode?.nodeName !== "body") return false;
  for (const inner of elements(element)) if (inner.tagName === "h1") return false;
  return true;
}

function headingLevel(element: Element, id: string | undefined): number {
  const heading = HEADING.exec(element.tagName);
  if (heading) return Number(heading[1]);
  return element.tagName === "dt" && id ? TERM_LEVEL : 0;
}

/**
 * The terms of a definition list that lead to other pages and are not explained, as in the index of a book: what they
 * lead to is what is looked for, so that they are no sections.
 */
function addIndexEntries(list: Element, entries: WeakSet<Element>): void {
  const children = list.childNodes.filter(isElement);
  for (const [i, term] of children.entries()) {
    if (term.tagName !== "dt") continue;
    const next = children[i + 1];
    const explained = next?.tagName === "dd" && textOf(next, (element) => element.tagName === "dl") !== "";
    if (!explained && leadsAway(term)) entries.add(term);
  }
}

function leadsAway(element: Element): boolean {
  for (const inner of elements(element)) {
    const href = inner.tagName === "a" ? attribute(inner, "href") : undefined;
    if (href && !href.startsWith("#")) return true;
  }
  return false;
}

/** A heading's text without the link to itself that many generators put there. */
export function headingText(heading: Element): string {
  return textOf(
    heading,
    (element) => leftOut(element) || (element.tagName === "a" && !/[\p{L}\p{N}]/u.test(textOf(element))),
  );
}

function innerAnchor(heading: Element): string | undefined {
  const stack: Node[] = [...heading.childNodes];
  for (let node = stack.shift(); node; node = stack.shift()) {
    if (!isElement(node)) continue;
    const anchor = attribute(node, "id") || (node.tagName === "a" ? attribute(node, "name") : undefined);
    if (anchor) return anchor;
    // A link to itself names the anchor even when it stands elsewhere.
    const href = attribute(node, "href");
    if (href?.startsWith("#") && href.length > 1) return decode(href.slice(1));
    stack.push(...node.childNodes);
  }
  return undefined;
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
