import { type DefaultTreeAdapterTypes, parse } from "parse5";

type Node = DefaultTreeAdapterTypes.Node;

/**
 * The words that a reader of a page sees, by the element around them: a second reading, which knows nothing of how pages
 * are indexed. Navigation is what says so by its element, its role or its class.
 */
export function visibleWords(html: string): Map<string, Map<string, number>> {
  const words = new Map<string, Map<string, number>>();
  const document = parse(html);
  const root = find(document, isMain) ?? find(document, ({ tagName }) => tagName === "body") ?? document;
  const stack: { readonly node: Node; readonly within: string }[] = [{ node: root, within: "body" }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { node, within } = next;
    if ("value" in node && node.nodeName === "#text") {
      const counts = words.get(within) ?? new Map<string, number>();
      words.set(within, counts);
      for (const word of wordsOf(node.value)) counts.set(word, (counts.get(word) ?? 0) + 1);
      continue;
    }
    if (!("childNodes" in node)) continue;
    if ("tagName" in node && node !== root && isUnseen(node)) continue;
    const name = "tagName" in node ? node.tagName : within;
    for (const child of [...node.childNodes].reverse()) stack.push({ node: child, within: name });
  }
  return words;
}

export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

type Element = DefaultTreeAdapterTypes.Element;

function attributeOf({ attrs }: Element, name: string): string {
  return attrs.find((attr) => attr.name === name)?.value ?? "";
}

function isMain(element: Element): boolean {
  return element.tagName === "main" || attributeOf(element, "role") === "main";
}

function isUnseen(element: Element): boolean {
  const names = `${attributeOf(element, "class")} ${attributeOf(element, "id")}`;
  return (
    /^(?:script|style|template|noscript|nav|select|head|rp|rt)$/.test(element.tagName) ||
    element.attrs.some(({ name }) => name === "hidden" || name === "aria-hidden") ||
    /^(?:navigation|search|banner|contentinfo)$/.test(attributeOf(element, "role")) ||
    /(?:^|\s)(?:nav\w*|toc\S*|\S*-toc\S*|contents|headerlink|anchor|footer|search\S*|sidebar\S*|related|copy-path|subNav\w*|topNav|bottomNav|legalCopy|sr-only|lang|theme-doc-version-\S*)(?:\s|$)/i.test(
      names,
    ) ||
    (element.tagName === "footer" && element.parentNode?.nodeName !== "blockquote") ||
    element.tagName === "button"
  );
}

function find(root: Node, test: (element: Element) => boolean): Element | undefined {
  const stack: Node[] = [root];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if ("tagName" in node && test(node)) return node;
    if ("childNodes" in node) stack.push(...[...node.childNodes].reverse());
  }
  return undefined;
}
