import type { DefaultTreeAdapterTypes } from "parse5";
import { collapse } from "../sources/html.ts";

/** Small helpers over parse5's tree. Walks keep a stack: pages can nest deeper than calls. */
export type Node = DefaultTreeAdapterTypes.Node;
export type Element = DefaultTreeAdapterTypes.Element;

export function isElement(node: Node): node is Element {
  return "tagName" in node;
}

export function isText(node: Node): node is DefaultTreeAdapterTypes.TextNode {
  return node.nodeName === "#text";
}

export function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((a) => a.name === name)?.value;
}

export function childrenOf(node: Node): readonly Node[] {
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

/** All text below an element in one line, without elements for which `skip` holds. */
export function textOf(root: Element, skip: (element: Element) => boolean = () => false): string {
  let text = "";
  const stack: Node[] = [root];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (isText(node)) text += node.value;
    else if (isElement(node) && node !== root && skip(node)) continue;
    const children = childrenOf(node);
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!);
  }
  return collapse(text).trim();
}
