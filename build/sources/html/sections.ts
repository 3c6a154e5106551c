import { decodeEscapes } from "../decode.ts";
import { directive } from "./directives.ts";
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
import { headingLevelOf, type LeftOut } from "./furniture.ts";
import { BLOCKS, createLines, type LineRange, type Listed, PARAGRAPHS } from "./lines.ts";

/** A stretch of a page below one heading. */
export interface Section {
  /** Fragment that leads to it; empty for the beginning of the page, or where the page has no anchor. */
  readonly anchor: string;
  /** Its own heading; empty for what stands before the first. */
  readonly heading: string;
  /** 1 to 6 as HTML has them, 7 for a term of a definition list, 0 for what stands before the first heading. */
  readonly level: number;
  /** Headings above it, outermost first. */
  readonly parents: readonly string[];
  readonly text: string;
  /** Text that the page marks as weighing more. */
  readonly important: readonly string[];
  readonly listed: Listed;
  /** Lines of the text that are preformatted. */
  readonly code: readonly LineRange[];
}

/** Below every heading: a term of a definition list that has an id, such as a function in an API's reference. */
const TERM_LEVEL = 7;
/** Drawn as boxes of their own within a line, so that no word goes on from one to the next: buttons of tabs for one. */
const APART: ReadonlySet<string> = new Set("button input label select textarea".split(" "));
/** Elements whose text is code. */
const CODE: ReadonlySet<string> = new Set("code pre tt kbd samp".split(" "));
const PREFORMATTED: ReadonlySet<string> = new Set(["pre", "textarea"]);
/** Signs of a formula stand apart, so that they are words. */
const FORMULA_SIGNS: ReadonlySet<string> = new Set("mi mn mo ms mtext".split(" "));

/**
 * The text of a page's content, cut at its headings. A heading without an anchor, its own or that of the section around
 * it, begins a section only before the first one that has: nothing could lead there.
 */
export function sectionsOf(root: Element, leftOut: LeftOut): Section[] {
  const out = createSections();
  const indexEntries = new WeakSet<Element>();
  /** Ids of the elements that were entered since the last text: they name the heading that follows. */
  let pending = "";
  /** Elements of each kind that the walk is in. */
  const within = { preformatted: 0, code: 0, link: 0, weighty: 0 };
  const stack: (Node | (() => void))[] = [root];
  const enter = (kind: keyof typeof within) => {
    within[kind]++;
    stack.push(() => within[kind]--);
  };
  /** Puts a mark before what an element holds, and behind it. */
  const around = (mark: () => void) => {
    mark();
    stack.push(mark);
  };

  for (let next = stack.pop(); next; next = stack.pop()) {
    if (typeof next === "function") {
      next();
      continue;
    }
    if (isText(next)) {
      const { preformatted, link, code } = within;
      out.lines().text(next.value, { preformatted: preformatted > 0, link: link > 0, code: code > 0 });
      if (next.value.trim() !== "") {
        pending = "";
        out.note();
      }
      continue;
    }
    if (isElement(next)) {
      if (next !== root && leftOut(next)) continue;
      const name = next.tagName;
      const id = anchorOf(next);
      const level = headingLevelOf(next) || (name === "dt" && termId(next) ? TERM_LEVEL : 0);
      if (level > 0 && !indexEntries.has(next)) {
        const heading = headingText(next, leftOut);
        if (heading !== "") {
          out.begin(
            level,
            heading,
            id ?? (level === TERM_LEVEL ? termId(next) : innerAnchor(next)) ?? pending,
          );
        }
        pending = "";
        continue;
      }
      if (name === "dl") addIndexEntries(next, indexEntries);
      // A frame around all of the content names no heading: the page's own address leads to its beginning.
      if (id && (out.begun() || isSection(next))) pending = id;
      if (next.attrs.length > 0) {
        const weight = Number.parseFloat(directive(next, "weight") ?? "1");
        if (weight === 0) continue;
        if (weight > 1) {
          if (within.weighty === 0) out.important(textOf(next, leftOut));
          enter("weighty");
        }
        for (const extra of directive(next, "index-attrs")?.split(",") ?? []) {
          const value = attribute(next, extra.trim());
          if (value) out.lines().text(` ${value} `, PLAIN);
        }
        if (name === "a" && leadsWithin(attribute(next, "href"))) enter("link");
      }
      if (name === "br") out.lines().block();
      else if (name === "td" || name === "th" || FORMULA_SIGNS.has(name)) out.lines().space();
      if (APART.has(name) || attribute(next, "slot") !== undefined) around(() => out.lines().space());
      if (CODE.has(name)) enter("code");
      if (PREFORMATTED.has(name)) enter("preformatted");
      if (BLOCKS.has(name)) {
        // Methods of the lines that are current then, not now: a heading may come between.
        around(PARAGRAPHS.has(name) ? () => out.lines().paragraph() : () => out.lines().block());
      }
    }
    const children = childrenOf(next);
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!);
  }
  return out.finish();
}

const PLAIN = { preformatted: false, link: false, code: false };

/** Gathers the lines of one section after another. */
function createSections() {
  const sections: Section[] = [];
  const trail: { readonly level: number; readonly heading: string }[] = [];
  let lines = createLines();
  let important: string[] = [];
  let current = { anchor: "", heading: "", level: 0, parents: [] as string[] };
  let begun = false;
  const end = () => {
    const { text, listed, code } = lines.finish();
    if (text !== "" || current.heading !== "") sections.push({ ...current, text, important, listed, code });
    lines = createLines();
    important = [];
  };
  return {
    lines: () => lines,
    /** Whether any text or heading has come. */
    begun: () => begun,
    note: () => {
      begun = true;
    },
    important: (text: string) => {
      important.push(text);
    },
    begin: (level: number, heading: string, anchor: string) => {
      begun = true;
      while (trail.length > 0 && trail.at(-1)!.level >= level) trail.pop();
      if (anchor === "" && current.anchor !== "") {
        // Nothing leads here: the heading stays text of the section before.
        lines.paragraph();
        lines.text(heading, PLAIN);
        lines.paragraph();
        return;
      }
      end();
      current = { anchor, heading, level, parents: trail.map((entry) => entry.heading) };
      trail.push({ level, heading });
    },
    finish: () => {
      end();
      return sections;
    },
  };
}

/** Sphinx' sections, of all its versions. */
function isSection(element: Element): boolean {
  return element.tagName === "section" || /\bsection\b/.test(attribute(element, "class") ?? "");
}

/** Whether a link leads to a page of the same site; one to another origin is a reference, and its text is content. */
function leadsWithin(href: string | undefined): boolean {
  return href !== undefined && !/^\s*(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(href.slice(0, 40));
}

function anchorOf(element: Element): string | undefined {
  return attribute(element, "id") || (element.tagName === "a" ? attribute(element, "name") : undefined);
}

/** The id of a term: its own, or that of the group that it is the first of. */
function termId(term: Element): string | undefined {
  const own = attribute(term, "id");
  if (own) return own;
  const group = term.parentNode;
  if (!group || !isElement(group) || group.tagName !== "div") return undefined;
  return group.childNodes.find(isElement) === term ? attribute(group, "id") : undefined;
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
export function headingText(heading: Element, leftOut: LeftOut): string {
  return textOf(
    heading,
    (element) => leftOut(element) || (element.tagName === "a" && !/[\p{L}\p{N}]/u.test(textOf(element))),
  );
}

function innerAnchor(heading: Element): string | undefined {
  for (const element of elements(heading)) {
    if (element === heading) continue;
    const anchor = anchorOf(element);
    if (anchor) return anchor;
    // A link to itself names the anchor even when it stands elsewhere.
    const href = attribute(element, "href");
    if (href?.startsWith("#") && href.length > 1) return decodeEscapes(href.slice(1));
  }
  return undefined;
}
