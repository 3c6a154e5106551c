import { type DefaultTreeAdapterTypes, parse } from "parse5";

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** Never read: no text, or not of this page. */
export const SKIPPED: ReadonlySet<string> = new Set(
  "script style noscript template svg math iframe object embed canvas audio video head select button dialog".split(
    " ",
  ),
);
/** Furniture around the content, left out unless it is all there is. */
const FURNITURE: ReadonlySet<string> = new Set(["nav", "header", "footer", "aside", "form"]);
export const BLOCKS: ReadonlySet<string> = new Set(
  `address article aside blockquote body caption dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4
  h5 h6 header hgroup hr li main nav ol p pre search section summary table tbody tfoot thead tr ul`.split(
    /\s+/,
  ),
);
/** Set apart by a blank line, so that splitters see paragraphs. */
export const PARAGRAPHS: ReadonlySet<string> = new Set(
  "article blockquote dl figure h1 h2 h3 h4 h5 h6 main ol p pre section table ul".split(" "),
);

/** Text of the main content of a page, its title, and its language when given. Parsed as a browser does (parse5). */
export function readHtml(html: string): { pageContent: string; metadata: Record<string, unknown> } {
  const document = parse(html);
  const page = collect(document);
  const title = page.title && collapse(textOf(page.title)).trim();
  const root = page.main ?? (page.articles.length === 1 ? page.articles[0]! : page.body);
  let pageContent = root ? contentOf(root, FURNITURE) : "";
  if (pageContent === "" && page.body) pageContent = contentOf(page.body, new Set());
  const lang = page.html && attribute(page.html, "lang");
  return { pageContent, metadata: { ...(title && { title }), ...(lang && { lang }) } };
}

interface Page {
  html?: Element;
  title?: Element;
  body?: Element;
  main?: Element;
  articles: Element[];
}

/** One walk for all landmarks, in document order. A stack, not recursion: pages can nest deeper than calls. */
function collect(document: Node): Page {
  const page: Page = { articles: [] };
  const stack: Node[] = [document];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (isElement(node)) {
      const name = node.tagName;
      if (name === "html") page.html ??= node;
      else if (name === "title") page.title ??= node;
      else if (name === "body") page.body ??= node;
      else if (name === "article") page.articles.push(node);
      if (name === "svg" || name === "template") continue;
      if (name === "main" || attribute(node, "role") === "main") page.main ??= node;
    }
    pushChildren(stack, node);
  }
  return page;
}

/** Visible text: white space collapsed outside `pre`, blocks on lines of their own. */
function contentOf(root: Element, leftOut: ReadonlySet<string>): string {
  const lines = createLines();
  const stack: (Node | (() => void))[] = [root];
  let preformatted = 0;
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (typeof next === "function") {
      next();
      continue;
    }
    if (next.nodeName === "#text") {
      // nodeName tells text nodes from the others in parse5's tree.
      lines.text((next as DefaultTreeAdapterTypes.TextNode).value, preformatted > 0);
      continue;
    }
    if (isElement(next)) {
      const name = next.tagName;
      const skipped = SKIPPED.has(name) || (next !== root && leftOut.has(name));
      if (skipped || attribute(next, "hidden") !== undefined || attribute(next, "aria-hidden") === "true")
        continue;
      if (name === "br") lines.lineBreak();
      else if (name === "td" || name === "th") lines.text(" ", false);
      if (name === "pre" || name === "textarea") {
        preformatted++;
        stack.push(() => preformatted--);
      }
      if (BLOCKS.has(name)) {
        const end = PARAGRAPHS.has(name) ? lines.paragraph : lines.block;
        end();
        stack.push(end);
      }
    }
    pushChildren(stack, next);
  }
  return lines.finish();
}

/** Gathers visible text: white space collapsed, blocks on lines of their own. */
export function createLines() {
  const done: string[] = [];
  let line = "";
  const block = () => {
    const text = line.trimEnd();
    if (text !== "") done.push(text);
    line = "";
  };
  return {
    block,
    lineBreak: block,
    paragraph: () => {
      block();
      if (done.length > 0 && done.at(-1) !== "") done.push("");
    },
    text: (value: string, preformatted: boolean) => {
      if (preformatted) {
        const [first, ...rest] = value.split(/\r?\n/);
        line += first;
        for (const part of rest) {
          done.push(line.trimEnd());
          line = part;
        }
        return;
      }
      const flat = collapse(value);
      line += line === "" || line.endsWith(" ") ? flat.trimStart() : flat;
    },
    finish: () => {
      block();
      return done.join("\n").trim();
    },
  };
}

export function collapse(text: string): string {
  return text.replace(/[ \t\n\f\r\u00a0]+/g, " ");
}

function textOf(element: Element): string {
  return element.childNodes
    .map((node) => (node.nodeName === "#text" ? (node as DefaultTreeAdapterTypes.TextNode).value : ""))
    .join("");
}

function pushChildren(stack: (Node | (() => void))[], node: Node): void {
  if (!("childNodes" in node)) return;
  for (let i = node.childNodes.length - 1; i >= 0; i--) stack.push(node.childNodes[i]!);
}

function isElement(node: Node): node is Element {
  return "tagName" in node;
}

function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((a) => a.name === name)?.value;
}
