import type { Section } from "../sources/html/sections.ts";
import { MAX_ID } from "../sources/id.ts";
import type { SourceDocument } from "../sources/types.ts";
import { splitText } from "../splitting/pieces.ts";
import { definitionsOf } from "./definition.ts";
import type { FoundPage } from "./found-page.ts";

/** Characters of a section's text that one document holds at most; longer ones are cut at paragraphs. */
const MAX_TEXT = 1500;
const MAX_IMPORTANT = 2000;
/** Room is left for the number of a copy. */
const MAX_ADDRESS = MAX_ID - 20;
/** A list of links, such as a book's index or a table of contents: lines of links, and hardly any that say something. */
const MIN_LISTED = 30;
const MAX_PROSE = 0.1;

/** A page's documents, and the sections of which only the beginning is among them. */
export interface PageDocuments {
  readonly documents: readonly SourceDocument[];
  readonly linkLists: readonly { readonly heading: string; readonly characters: number }[];
}

/**
 * A page as documents, one a section: `id` is the section's address, the metadata what a result shows. A section too
 * long for one vector gives several, which lead to the same place; of a long list of links its beginning stands for the
 * whole, because whoever looks for what it lists is looking for those pages.
 */
export function pageDocuments(found: Pick<FoundPage, "url" | "page" | "shownIn">): PageDocuments {
  const { url, page } = found;
  const taken = new Map<string, number>();
  const documents: SourceDocument[] = [];
  const linkLists: { heading: string; characters: number }[] = [];
  for (const section of page.sections) {
    const parts = section.text.length <= MAX_TEXT ? [section.text] : cut(section.text);
    const kept = isListing(section) ? parts.slice(0, 1) : parts;
    if (kept.length < parts.length) {
      const characters = section.text.length - kept[0]!.length;
      linkLists.push({ heading: section.heading || page.title, characters });
    }
    for (const text of kept) {
      const address = addressOf(url, section.anchor);
      documents.push({
        id: unique(address, taken),
        pageContent: text || section.heading,
        metadata: metadataOf(found, address, section),
        kind: "row",
      });
    }
  }
  return { documents, linkLists };
}

function metadataOf(
  { url, page, shownIn }: Pick<FoundPage, "url" | "page" | "shownIn">,
  address: string,
  section: Section,
): Record<string, unknown> {
  // Above a section the page's title says nothing new.
  const headings = section.parents.filter((heading) => heading !== page.title);
  const { breadcrumbs } = page;
  const crumbs = breadcrumbs.at(-1) === page.title ? breadcrumbs.slice(0, -1) : breadcrumbs;
  const defined = definitionsOf(section.heading, [page.title, ...section.parents]);
  const important = [...defined, ...section.important].join("\n").slice(0, MAX_IMPORTANT);
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
    ...(crumbs.length > 0 && { breadcrumbs: crumbs }),
    ...(page.lang && { lang: shownIn ? [page.lang, ...shownIn.map(({ lang }) => lang)] : page.lang }),
    // A list, so that its fields are none to filter by.
    ...(shownIn && {
      alternates: shownIn.map((shown) => ({ lang: shown.lang, url: addressOf(shown.url, section.anchor) })),
    }),
    ...(page.image && { image: page.image }),
    ...(important && { important }),
  };
}

function isListing({ listed }: Section): boolean {
  return listed.links >= MIN_LISTED && listed.prose <= MAX_PROSE * listed.links;
}

function cut(text: string): string[] {
  return splitText(text, { chunkSize: MAX_TEXT, chunkOverlap: 0 });
}

/** A section's address; the page's own where an anchor would make it too long for an id. */
function addressOf(url: string, anchor: string): string {
  const fragment = anchor === "" ? "" : `#${encodeURI(anchor.toWellFormed())}`;
  return url.length + fragment.length > MAX_ADDRESS ? url : url + fragment;
}

/** @param taken how often ids were given */
function unique(id: string, taken: Map<string, number>): string {
  const count = (taken.get(id) ?? 0) + 1;
  taken.set(id, count);
  return count === 1 ? id : unique(`${id}~${count}`, taken);
}
