import GithubSlugger from "github-slugger";
import { type DefaultTreeAdapterTypes, defaultTreeAdapter, html as names } from "parse5";
import {
  attribute,
  type Document,
  type Element,
  elements,
  isElement,
  isText,
  parseHtml,
  textOf,
} from "../html/dom.ts";

const HEADING = /^h[1-6]$/;
/** Attributes behind a heading's text, an anchor of its own among them: `{#id}`, Kramdown's `{: .class #id}`, Pandoc's `{.class}`. */
const OWN_ATTRIBUTES =
  /\s*\{:?\s*((?:[#.][^\s{}.#][^\s{}]{0,199}|[\w-]{1,50}=[^\s{}]{1,200})(?:\s+[#.\w][^\s{}]{0,199}){0,9})\s*\}\s*$/;
const OWN_ANCHOR = /(?:^|\s)#(\S+)/;
/** Marks of a container such as Docusaurus' and VitePress' `:::note`, and the box of a task. */
const CONTAINER = /^[ \t]*:{3,}[ \t]*(?:\{[^}\n]*\})?/gm;
const TASK = /^\s*\[[ xX]\]\s+/;
/** Places of the notes that are referred to from within. */
const TEXT_BLOCKS: ReadonlySet<string> = new Set("p li dd dt td th h1 h2 h3 h4 h5 h6 pre summary".split(" "));

/**
 * The page that Markdown's HTML makes: headings have the anchors that GitHub gives them, or their own; footnotes stand
 * behind the paragraph that refers to them, so that they belong to its section.
 */
export function pageOf(html: string): Document {
  const document = parseHtml(html);
  const slugger = new GithubSlugger();
  let headings = 0;
  const notes: Element[] = [];
  const references = new Map<string, Element[]>();
  for (const element of elements(document)) {
    const name = element.tagName;
    if (HEADING.test(name)) nameHeading(element, slugger, headings++ === 0 && name === "h1");
    else if (name === "img") addAttribute(element, "data-search-index-attrs", "alt");
    else if (name === "p" || name === "li") withoutMarks(element);
    else if (name === "section" && /\bfootnotes\b/.test(attribute(element, "class") ?? ""))
      notes.push(element);
    if (name === "a") {
      const target = noteOf(attribute(element, "href"));
      const known = target === undefined ? undefined : references.get(target);
      if (known) known.push(element);
      else if (target !== undefined) references.set(target, [element]);
    }
  }
  for (const section of notes) placeNotes(section, references);
  return document;
}

function nameHeading(heading: Element, slugger: GithubSlugger, isTitle: boolean): void {
  const last = heading.childNodes.at(-1);
  const own = last && isText(last) ? OWN_ATTRIBUTES.exec(last.value.slice(-450)) : null;
  if (own && last && isText(last)) {
    last.value = last.value.slice(0, last.value.length - own[0].length);
    const anchor = OWN_ANCHOR.exec(own[1]!)?.[1];
    if (anchor !== undefined) {
      addAttribute(heading, "id", anchor);
      return;
    }
  }
  const slug = slugger.slug(textOf(heading));
  // A page's title is its beginning.
  if (!isTitle) addAttribute(heading, "id", slug);
}

function withoutMarks(element: Element): void {
  const first = element.childNodes[0];
  if (!first) return;
  if (isText(first) && element.tagName === "li") first.value = first.value.replace(TASK, "");
  if (element.tagName !== "p") return;
  for (const node of element.childNodes) if (isText(node)) node.value = node.value.replace(CONTAINER, "");
}

/** The note that a link leads to, by the ids of markdown-it and remark. */
function noteOf(href: string | undefined): string | undefined {
  return href && /^#(?:fn\d|user-content-fn-)/.test(href) ? href.slice(1) : undefined;
}

/** Moves the notes of the section at the page's end to where they are first referred to. */
function placeNotes(section: Element, references: ReadonlyMap<string, readonly Element[]>): void {
  const behind = new Map<Element, Element[]>();
  for (const note of elements(section)) {
    const [first] = note.tagName === "li" ? (references.get(attribute(note, "id") ?? "") ?? []) : [];
    if (!first) continue;
    const place = defaultTreeAdapter.createElement("div", names.NS.HTML, []);
    give(place, note.childNodes);
    for (const link of elements(place)) if (isBackLink(link)) link.childNodes = [];
    const block = blockOf(first);
    const places = behind.get(block);
    if (places) places.push(place);
    else behind.set(block, [place]);
  }
  insert(behind);
  // References are numbers that say nothing here, and what is left of the section is its heading.
  for (const same of references.values()) for (const reference of same) reference.childNodes = [];
  section.childNodes = [];
}

/** Inserts elements behind others; all of one parent at once, since each insertion would cost the parent's length. */
function insert(behind: ReadonlyMap<Element, readonly Element[]>): void {
  const parents = new Set<ParentNode>();
  for (const [block, places] of behind) {
    // Within an item of a list, behind everything else.
    if (block.tagName === "li") give(block, [...block.childNodes, ...places]);
    else if (block.parentNode) parents.add(block.parentNode);
  }
  for (const parent of parents) {
    const placed = (node: ChildNode) =>
      isElement(node) && node.tagName !== "li" ? (behind.get(node) ?? []) : [];
    give(
      parent,
      parent.childNodes.flatMap((node) => [node, ...placed(node)]),
    );
  }
}

type ParentNode = DefaultTreeAdapterTypes.ParentNode;
type ChildNode = DefaultTreeAdapterTypes.ChildNode;

function give(parent: ParentNode, children: ChildNode[]): void {
  parent.childNodes = children;
  for (const child of children) child.parentNode = parent;
}

/** The block of text that an element stands in; a table as a whole, so that its rows stay together. */
function blockOf(element: Element): Element {
  let block = element;
  for (let node = element.parentNode; node && isElement(node); node = node.parentNode) {
    if (TEXT_BLOCKS.has(node.tagName) && !TEXT_BLOCKS.has(block.tagName)) block = node;
    if (node.tagName === "table" || node.tagName === "dl") block = node;
  }
  return block;
}

function isBackLink(element: Element): boolean {
  return element.tagName === "a" && /^#(?:fnref|user-content-fnref)/.test(attribute(element, "href") ?? "");
}

function addAttribute(element: Element, name: string, value: string): void {
  if (attribute(element, name) === undefined) element.attrs.push({ name, value });
}
