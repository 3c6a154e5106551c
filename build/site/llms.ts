import { join } from "node:path";
import { writeWholeFile } from "../settings/partial.ts";
import { decodeEscapes } from "../sources/decode.ts";
import type { Page } from "./page.ts";
import type { SiteBase } from "./urls.ts";

interface NamedPage {
  readonly url: string;
  readonly page: Page;
}

/**
 * Writes `llms.txt`, the titles and addresses of all pages by folder, and `llms-full.txt`, their texts, into the folder
 * of a site: what agents that read no index look for (llmstxt.org).
 */
export async function writeLlms(
  folder: string,
  { prefix }: SiteBase,
  pages: readonly NamedPage[],
): Promise<void> {
  const start = pages.find(({ url }) => url === prefix) ?? pages[0];
  if (!start) return;
  const head = [`# ${oneLine(start.page.title)}`];
  if (start.page.description) head.push(`> ${oneLine(start.page.description)}`);
  const groups = Map.groupBy(pages, ({ url }) => groupOf(url, prefix));
  const lists = [...groups].map(([name, list]) => `## ${name}\n\n${list.map(link).join("\n")}`);
  const index = `${[...head, ...lists].join("\n\n")}\n`;
  await writeWholeFile(join(folder, "llms.txt"), (file) => file.writeFile(index));
  await writeTexts(join(folder, "llms-full.txt"), head.join("\n\n"), pages);
}

/** Writes page by page: all texts together may be larger than a string can be. */
async function writeTexts(path: string, head: string, pages: readonly NamedPage[]): Promise<void> {
  await writeWholeFile(path, async (file) => {
    await file.writeFile(`${head}\n`);
    for (const entry of pages) await file.writeFile(`\n${textOf(entry)}\n`);
  });
}

function link({ url, page: { title, description } }: NamedPage): string {
  const name = oneLine(title).replace(/[[\]\\`<]/g, "\\$&");
  const target = url.replace(/[()<>\s]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `- [${name}](${target})${description ? `: ${oneLine(description)}` : ""}`;
}

function textOf({ url, page }: NamedPage): string {
  const sections = page.sections.map((section) => {
    const { heading } = section;
    const text = markdownOf(section);
    return heading === "" || heading === page.title ? text : `## ${oneLine(heading)}\n\n${text}`;
  });
  const parts = [`# ${oneLine(page.title)}`, `Source: ${url}`, ...sections];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Beginnings of a line that Markdown takes for a heading, for code, or for HTML, which has its own end. */
const MARKS = /^(\s*)(#{1,6}(?:\s|$)|`{3}|~{3}|=+\s*$|-+\s*$|<[a-z!?/])/i;

/** The text of a section: code within fences, and nothing beside it that reads as another heading or fence. */
function markdownOf({ text, code }: Page["sections"][number]): string {
  const lines = text.split("\n");
  const parts: string[] = [];
  let at = 0;
  for (const [first, end] of code) {
    const block = lines.slice(first, end);
    const runs = block.join("\n").match(/`+/g) ?? [];
    const fence = "`".repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
    parts.push(...lines.slice(at, first).map(escaped), fence, ...block, fence);
    at = end;
  }
  return [...parts, ...lines.slice(at).map(escaped)].join("\n");
}

function escaped(line: string): string {
  return line.replace(MARKS, "$1\\$2");
}

/** The first folder below the site's own, as a heading. */
function groupOf(url: string, prefix: string): string {
  const path = url.startsWith(prefix)
    ? url.slice(prefix.length)
    : url.replace(/^https?:\/\/[^/]*\/?|^\//, "");
  const [folder = "", ...rest] = path.split("/");
  if (rest.length === 0 || folder === "") return "Pages";
  const name = decodeEscapes(folder).replace(/[-_]+/g, " ").trim();
  return name === "" ? "Pages" : name[0]!.toUpperCase() + name.slice(1);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
