import type { Element } from "../html/dom.ts";
import { furnitureOf } from "../html/furniture.ts";
import { type Section, sectionsOf } from "../html/sections.ts";
import type { SourceFile } from "../types.ts";
import { frontMatterOf } from "./front-matter.ts";
import { markdownToHtml } from "./html.ts";
import { mdxToHtml } from "./mdx.ts";
import { type Withheld, withheldBy } from "./published.ts";
import { pageOf } from "./tree.ts";

/** A text of Markdown or MDX, read. */
export interface MarkdownPage {
  /** Fields of its front matter. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Its front matter's, else its first `h1`, else its first heading. */
  readonly title?: string;
  readonly sections: readonly Section[];
  /** Why it is not to be published. */
  readonly withheld?: Withheld;
  readonly warning?: string;
}

/**
 * Reads a file of Markdown (CommonMark, tables, footnotes) or MDX by way of the HTML that it makes: what a reader of the
 * page sees is its text.
 *
 * @throws SourceError `BAD_FRONT_MATTER`
 */
export function readMarkdownPage(text: string, file: SourceFile): MarkdownPage {
  const given = frontMatterOf(text, file.source);
  const body = given ? text.slice(given.end) : text;
  const { html, warning } = isMdx(file)
    ? mdxToHtml(body)
    : { html: markdownToHtml(body), warning: undefined };
  const root = pageOf(html).childNodes.find(({ nodeName }) => nodeName === "html") as Element;
  const leftOut = furnitureOf({ declared: true, leadsHere: isFragment, controlled: new Set() });
  const sections = sectionsOf(root, leftOut);
  const title =
    given?.title ??
    sections.find(({ level }) => level === 1)?.heading ??
    sections.find(({ heading }) => heading)?.heading;
  const withheld = given && withheldBy(given.metadata);
  return {
    metadata: given?.metadata ?? {},
    ...(title !== undefined && { title }),
    sections,
    ...(withheld && { withheld }),
    ...(warning !== undefined && { warning }),
  };
}

/** Sections as one text in which headings keep their marks, so that it can be cut at them. */
export function markdownText(sections: readonly Section[]): string {
  return sections
    .flatMap(({ level, heading, text }) => [
      level >= 1 && level <= 6 ? `${"#".repeat(level)} ${heading}` : heading,
      text,
    ])
    .filter((part) => part !== "")
    .join("\n\n");
}

function isMdx({ path }: SourceFile): boolean {
  return /\.mdx$/i.test(path);
}

function isFragment(href: string): boolean {
  return href.startsWith("#");
}
