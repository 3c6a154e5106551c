import { readMarkdownPage as readMarkdown } from "../sources/markdown/read.ts";
import type { SourceFile } from "../sources/types.ts";
import type { Page, Skipped } from "./page.ts";

/** Reads a page of Markdown or MDX: front matter, and a section at every heading; or says why it is none to be found. */
export function readMarkdownPage(text: string, file: SourceFile): Page | Skipped {
  const { metadata, title = file.source, sections, withheld, warning } = readMarkdown(text, file);
  if (withheld) return { skipped: withheld.reason, detail: withheld.detail };
  if (sections.length === 0) return { skipped: "empty" };
  const { lang, image, description } = metadata;
  const address = addressOf(metadata);
  return {
    title,
    names: { given: title, headings: [], head: "" },
    sections,
    ...(address !== undefined && { address }),
    ...(typeof lang === "string" && { lang: lang.toLowerCase() }),
    ...(typeof image === "string" && { image }),
    ...(typeof description === "string" && { description }),
    breadcrumbs: [],
    filters: listsOf(metadata),
    entries: [],
    meta: {},
    sorts: {},
    marked: false,
    ...(warning !== undefined && { warnings: [warning] }),
  };
}

/**
 * The address that front matter gives: Jekyll's and Eleventy's `permalink`, Hugo's `url`, which are paths from the root;
 * Docusaurus', Starlight's and Hugo's `slug`. Patterns such as `/:year/:title/` are none.
 */
function addressOf({ permalink, url, slug }: Readonly<Record<string, unknown>>): string | undefined {
  for (const path of [permalink, url]) {
    if (isAddress(path)) return path.startsWith("/") ? path : `/${path}`;
  }
  return isAddress(slug) ? slug : undefined;
}

function isAddress(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "" && !/[:{}?#\s]/.test(value);
}

/** Lists of words in the front matter, `tags` for one, are filters. */
function listsOf(metadata: Readonly<Record<string, unknown>>): Record<string, readonly string[]> {
  const lists = Object.entries(metadata).filter(
    (entry): entry is [string, string[]] =>
      Array.isArray(entry[1]) && entry[1].length > 0 && entry[1].every((value) => typeof value === "string"),
  );
  return Object.fromEntries(lists);
}
