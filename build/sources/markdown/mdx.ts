import { toHtml } from "hast-util-to-html";
import { toHast } from "mdast-util-to-hast";
import remarkGfm from "remark-gfm";
import remarkMdx from "remark-mdx";
import remarkParse from "remark-parse";
import { unified } from "unified";
import { markdownToHtml } from "./html.ts";
import { withoutMdx } from "./mdx-scan.ts";

/** A node of the tree, as far as it is looked at. Types of trees and of the plugins' nodes differ; this is what they share. */
interface MdxNode {
  type: string;
  value?: string;
  name?: string | null;
  attributes?: readonly MdxAttribute[];
  children?: MdxNode[];
  data?: {
    estree?: { readonly body: readonly Statement[] } | null;
    hName?: string;
    hProperties?: Record<string, string | boolean>;
  };
}

interface MdxAttribute {
  readonly type: string;
  readonly name?: string;
  readonly value?: string | null | { readonly data?: MdxNode["data"] };
}

interface Statement {
  readonly type: string;
  readonly expression?: {
    readonly type: string;
    readonly value?: unknown;
    readonly expressions?: readonly unknown[];
    readonly quasis?: readonly { readonly value: { readonly cooked?: string | null } }[];
  };
}

/** Attributes of components that they show. */
const SHOWN: ReadonlySet<string> = new Set(["title", "label", "summary", "description", "caption"]);
/** Attributes that decide about an element's text and its address. */
const KEPT =
  /^(?:id|name|href|alt|class|className|role|hidden|open|lang|data-(?:search|pagefind)-[\w-]+|aria-[\w-]+)$/;
/** A heading's anchor as Docusaurus writes it, which is no expression; and as a comment, which is one. */
const ANCHOR = /^( {0,3}#{1,6}[ \t][^\n]*?)\{#([\w-]+)\}[ \t]*$/gm;
const COMMENT_ANCHOR = /^\/\*\s*#([\w-]+)\s*\*\/$/;
/** Marks and lines in one block from which the parser's time grows with their square. */
const MAX_MARKS = 3000;

const parser = unified().use(remarkParse).use(remarkGfm).use(remarkMdx);

/** MDX as HTML: components are elements, expressions that are texts are these texts, module code and other expressions go. */
export function mdxToHtml(text: string): { readonly html: string; readonly warning?: string } {
  try {
    if (isCostly(text)) throw new Error(`more than ${MAX_MARKS} marks or lines in one block`);
    const tree = parser.parse(text.replace(ANCHOR, "$1{/*#$2*/}"));
    plain(tree as MdxNode);
    return { html: toHtml(toHast(tree), { allowDangerousHtml: true }) };
  } catch (error) {
    const reason =
      error instanceof RangeError ? "it nests too deep" : (error as Error).message.split("\n")[0];
    return {
      html: markdownToHtml(withoutMdx(text)),
      warning: `It is not valid MDX (${reason}) and was read as Markdown.`,
    };
  }
}

/** Makes a tree of MDX one of Markdown. */
function plain(root: MdxNode): void {
  const stack: MdxNode[] = [root];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (!node.children) continue;
    node.children = node.children.flatMap(plainNode);
    stack.push(...node.children.filter(({ children }) => children !== undefined));
  }
}

function plainNode(node: MdxNode): MdxNode[] {
  switch (node.type) {
    case "mdxjsEsm":
      return [];
    case "mdxTextExpression":
    case "mdxFlowExpression": {
      const anchor = COMMENT_ANCHOR.exec(node.value?.trim() ?? "")?.[1];
      const value = anchor === undefined ? literalOf(node.data) : ` {#${anchor}}`;
      if (value === undefined) return [];
      const text = { type: "text", value };
      return [node.type === "mdxTextExpression" ? text : { type: "paragraph", children: [text] }];
    }
    case "mdxJsxTextElement":
    case "mdxJsxFlowElement":
      return [elementOf(node)];
    case "code":
      // What was written for an anchor is code here.
      return [{ ...node, value: node.value?.replace(/\{\/\*#([\w-]+)\*\/\}$/gm, "{#$1}") ?? "" }];
    default:
      return [node];
  }
}

function elementOf({ type, name, attributes = [], children = [] }: MdxNode): MdxNode {
  const flow = type === "mdxJsxFlowElement";
  const isElement = typeof name === "string" && /^[a-z][a-z0-9-]*$/.test(name);
  const properties: Record<string, string | boolean> = {};
  const shown: MdxNode[] = [];
  for (const attribute of attributes) {
    const value = attributeValue(attribute);
    if (attribute.type !== "mdxJsxAttribute" || !attribute.name || value === undefined) continue;
    if (KEPT.test(attribute.name)) properties[attribute.name] = value;
    if (!isElement && typeof value === "string" && SHOWN.has(attribute.name)) {
      const text = { type: "text", value: flow ? value : `${value} ` };
      shown.push(flow ? { type: "paragraph", children: [text] } : text);
    }
  }
  return {
    type: "component",
    data: { hName: isElement ? name : flow ? "div" : "span", hProperties: properties },
    children: [...shown, ...children],
  };
}

function attributeValue({ value }: MdxAttribute): string | boolean | undefined {
  if (value === null || value === undefined) return true;
  return typeof value === "string" ? value : literalOf(value.data);
}

/** The text that an expression is; undefined when it has to be run. */
function literalOf(data: MdxNode["data"]): string | undefined {
  const body = data?.estree?.body ?? [];
  const expression = body.length === 1 ? body[0]!.expression : undefined;
  if (expression?.type === "Literal") {
    return ["string", "number"].includes(typeof expression.value) ? String(expression.value) : undefined;
  }
  if (expression?.type !== "TemplateLiteral" || expression.expressions?.length !== 0) return undefined;
  return expression.quasis?.map(({ value }) => value.cooked ?? "").join("");
}

/** Whether a block between blank lines has more marks than the parser can pair in good time. */
function isCostly(text: string): boolean {
  let marks = 0;
  let blank = true;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 10) {
      // Lines count, too: the items of a list are looked at again with each one that follows.
      marks = blank ? 0 : marks + 1;
      if (marks > MAX_MARKS) return true;
      blank = true;
    } else if (code !== 32 && code !== 9 && code !== 13) {
      blank = false;
      if (MARKS.has(code) && ++marks > MAX_MARKS) return true;
    }
  }
  return false;
}

const MARKS: ReadonlySet<number> = new Set([..."[]*_~`<>{}&!"].map((mark) => mark.charCodeAt(0)));
