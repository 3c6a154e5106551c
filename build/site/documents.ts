import type { SourceDocument } from "../sources/types.ts";
import type { Section } from "./content.ts";
import type { Page } from "./page.ts";

/** Characters of a section's text that one document holds at most; longer ones are cut at paragraphs. */
const MAX_TEXT = 1500;
const MAX_IMPORTANT = 2000;
/** A list of links, such as a book's index or a table of contents, has many of them and little text between. */
const MIN_LISTED = 30;
const MAX_BETWEEN = 40;

/**
 * A page as documents, one a section: `id` is the section's address, the metadata what a result shows. A section too
 * long for one vector gives several, which lead to the same place; of a long list of links its beginning stands for the
 * whole, because whoever looks for what it lists is looking for those pages.
 */
export async function* pageDocuments(url: string, page: Page): AsyncGenerator<SourceDocument> {
  const taken = new Set<string>();
  for (const section of page.sections) {
    const parts = section.text.length <= MAX_TEXT ? [section.text] : await cut(section.text);
    for (const text of isListing(section) ? parts.slice(0, 1) : parts) {
      const address = section.anchor ? `${url}#${encodeURI(section.anchor)}` : url;
      yield {
        id: unique(address, taken),
        pageContent: text || section.heading,
        metadata: metadataOf(url, address, page, section),
        kind: "row",
      };
    }
  }
}

function metadataOf(url: string, address: string, page: Page, section: Section): Record<string, unknown> {
  // Above a section the page's title says nothing new.
  const headings = section.parents.filter((heading) => heading !== page.title);
  const important = section.important.join("\n").slice(0, MAX_IMPORTANT);
  return {
    ...page.sorts,
    ...page.meta,
    ...page.filters,
    url: address,
    page: url,
    title: page.title,
    // The beginning of a page is what its title is the heading of.
    heading: section.heading || page.title,
    ...(headings.length > 0 && { headings }),
    ...(page.breadcrumbs.length > 0 && { breadcrumbs: page.breadcrumbs }),
    ...(page.lang && { lang: page.lang }),
    ...(page.image && { image: page.image }),
    ...(important && { important }),
  };
}

function isListing({ text, links, linked }: Section): boolean {
  return links >= MIN_LISTED && (text.length - linked) / links <= MAX_BETWEEN;
}

async function cut(text: string): Promise<string[]> {
  const { RecursiveCharacterTextSplitter } = await import("@langchain/textsplitters");
  return new RecursiveCharacterTextSplitter({ chunkSize: MAX_TEXT, chunkOverlap: 0 }).splitText(text);
}

function unique(id: string, taken: Set<string>): string {
  let free = id;
  for (let copy = 2; taken.has(free); copy++) free = `${id}~${copy}`;
  taken.add(free);
  return free;
}
