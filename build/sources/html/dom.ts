import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { boundNesting } from "./nesting.ts";

/** Small helpers over parse5's tree. Walks keep a stack: pages can nest deeper than calls. */
export type Node = DefaultTreeAdapterTypes.Node;
export type Element = DefaultTreeAdapterTypes.Element;
export type Document = DefaultTreeAdapterTypes.Document;
type Template = DefaultTreeAdapterTypes.Template;

/** Parses a page as a browser does, nesting bounded. */
export function parseHtml(html: string): Document {
  return parse(boundNesting(html));
}

export function isElement(node: Node): node is Element {
  return "tagName" in node;
}

export function isText(node: Node): node is DefaultTreeAdapterTypes.TextNode {
  return node.nodeName === "#text";
}

export function attribute(element: Element, name: string): string | undefined {
  // A loop, not find: this is most of what a walk does.
  for (const attr of element.attrs) if (attr.name === name) return attr.value;
  return undefined;
}

/** Whether an element is a declarative shadow root, whose content a browser shows. */
export function isShadowRoot(element: Element): element is Template {
  if (element.tagName !== "template" || !("content" in element)) return false;
  const mode = attribute(element, "shadowrootmode")?.toLowerCase();
  return mode === "open" || mode === "closed";
}

export function childrenOf(node: Node): readonly Node[] {
  if (isElement(node) && isShadowRoot(node)) return node.content.childNodes;
  return "childNodes" in node ? node.childNodes : [];
}

/** Elements below `root` in document order. `into` returning false passes over what an element holds. */
export function* elements(root: Node, into: (element: Element) => boolean = () => true): Generator<Element> {
  const stack: Node[] = [root];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (isElement(node)) {
      yield node;
      if (!into(node)) continue;
    }
    const children = childrenOf(node);
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!);
  }
}

/** Elements that end a word: what is before and behind them is not one. */
const BREAKS: ReadonlySet<string> = new Set("br p div li td th tr h1 h2 h3 h4 h5 h6 dt dd hr".split(" "));

/** All text below an element in one line, without elements for which `skip` holds. */
export function textOf(root: Element, skip: (element: Element) => boolean = () => false): string {
  let text = "";
  const stack: Node[] = [root];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (isText(node)) text += node.value;
    else if (isElement(node) && node !== root) {
      if (isRubyText(node) || skip(node)) continue;
      if (BREAKS.has(node.tagName)) {
        text += " ";
        stack.push(SPACE);
      }
    }
    const children = childrenOf(node);
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!);
  }
  return collapse(text).trim();
}

/** Stands behind what a breaking element holds. */
const SPACE = { nodeName: "#text", value: " ", parentNode: null } as DefaultTreeAdapterTypes.TextNode;

/** The reading beside a word in ruby, which is no part of the word. */
function isRubyText({ tagName }: Element): boolean {
  return tagName === "rt" || tagName === "rp";
}

export function collapse(text: string): string {
  return text.replace(/[ \t\n\f\r\u00a0]+/g, " ");
}
