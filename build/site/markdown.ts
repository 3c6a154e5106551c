import { readMarkdown } from "../sources/markdown.ts";
import type { SourceFile } from "../sources/types.ts";
import type { Section } from "./content.ts";
import { FENCE, withoutMdx } from "./mdx.ts";
import type { Page } from "./page.ts";

const ATX = /^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/;
const EXPLICIT_ANCHOR = /[ \t]*\{#([\w-]+)\}$/;

/** Reads a page of Markdown or MDX: front matter, and a section at every heading, with the anchors GitHub gives. */
export function readMarkdownPage(text: string, file: SourceFile): Page {
  const { pageContent, metadata } = readMarkdown(text, file);
  const mdx = /\.mdx$/i.test(file.path);
  const sections = sectionsOf(mdx ? withoutMdx(pageContent) : pageContent);
  const { title, lang, image, description } = metadata;
  const name = typeof title === "string" ? title : (sections.find((s) => s.heading)?.heading ?? file.source);
  return {
    title: name,
    names: { given: name, headings: [], head: "" },
    sections,
    ...(typeof lang === "string" && { lang }),
    ...(typeof image === "string" && { image }),
    ...(typeof description === "string" && { description }),
    breadcrumbs: [],
    filters: listsOf(metadata),
    meta: {},
    sorts: {},
    marked: false,
  };
}

function sectionsOf(text: string): Section[] {
  const sections: Section[] = [];
  const slugs = new Map<string, number>();
  const trail: { readonly level: number; readonly heading: string }[] = [];
  let current = { anchor: "", heading: "", parents: [] as string[] };
  let lines: string[] = [];
  let fence: string | undefined;
  const finish = () => {
    const body = plain(lines.join("\n"));
    if (body !== "" || current.heading !== "") {
      sections.push({ ...current, text: body, important: [], links: 0, linked: 0 });
    }
    lines = [];
  };
  for (const line of text.split(/\r?\n/)) {
    const mark = FENCE.exec(line)?.[1];
    if (fence !== undefined) {
      if (mark?.startsWith(fence)) fence = undefined;
      else lines.push(line);
      continue;
    }
    if (mark !== undefined) {
      fence = mark;
      continue;
    }
    const heading = ATX.exec(line);
    if (!heading) {
      lines.push(line);
      continue;
    }
    finish();
    const level = heading[1]!.length;
    const explicit = EXPLICIT_ANCHOR.exec(heading[2]!)?.[1];
    const words = plain(heading[2]!.replace(EXPLICIT_ANCHOR, ""));
    while (trail.length > 0 && trail.at(-1)!.level >= level) trail.pop();
    current = {
      // A page's title is its beginning.
      anchor: level === 1 && sections.length === 0 ? "" : (explicit ?? slug(words, slugs)),
      heading: words,
      parents: trail.map((entry) => entry.heading),
    };
    trail.push({ level, heading: words });
  }
  finish();
  return sections;
}

/** As github-slugger does: lower case, punctuation dropped, blanks to hyphens, numbered when taken. */
function slug(heading: string, taken: Map<string, number>): string {
  const base = heading
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
    .replaceAll(" ", "-");
  const count = taken.get(base);
  taken.set(base, (count ?? -1) + 1);
  return count === undefined ? base : slug(`${heading} ${count + 1}`, taken);
}

/** Marks of Markdown taken out; what a reader sees stays. Not a renderer: good enough to search. */
function plain(markdown: string): string {
  return markdown
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/!\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])/g, "$1")
    .replace(/^\[[^\]]+\]:\s+\S+.*$/gm, "")
    .replace(/<\/?[a-zA-Z][^<>]*>/g, "")
    .replace(/^[ \t]*(?:[-*+]|\d+[.)])[ \t]+/gm, "")
    .replace(/^[ \t]*>[ \t]?/gm, "")
    .replace(/(\*\*|__)(?=\S)(.+?)(?<=\S)\1/g, "$2")
    .replace(/(?<![\w*])[*_](?=\S)([^*_\n]+?)(?<=\S)[*_](?![\w*])/g, "$1")
    .replace(/`([^`\n]+)`/g, "$1")
    .replace(/^\|?[ \t]*:?-{2,}.*$/gm, "")
    .replace(/[ \t]*\|[ \t]*/g, " ")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** Lists of words in the front matter, `tags` for one, are filters. */
function listsOf(metadata: Readonly<Record<string, unknown>>): Record<string, readonly string[]> {
  const lists = Object.entries(metadata).filter(
    (entry): entry is [string, string[]] =>
      Array.isArray(entry[1]) && entry[1].length > 0 && entry[1].every((value) => typeof value === "string"),
  );
  return Object.fromEntries(lists);
}
