import type { ItemDocument } from "../../worker/format/meta.ts";

/**
 * Keyword field of a page's title, which only the document has that the page begins with: who types a title wants that
 * page, not one that mentions it in a heading. No page can declare a field of this name, because a colon ends one.
 */
export const PAGE_TITLE = "page:title";

/** Documents of a site in their order, those that begin a page with its title as {@link PAGE_TITLE}. */
export async function* withPageTitles(documents: AsyncIterable<ItemDocument>): AsyncGenerator<ItemDocument> {
  let page: unknown;
  let begun = false;
  for await (const document of documents) {
    const { metadata } = document;
    if (metadata.page !== page) begun = false;
    page = metadata.page;
    if (begun || page === undefined || metadata.heading !== metadata.title) yield document;
    else {
      begun = true;
      yield { ...document, metadata: { ...metadata, [PAGE_TITLE]: metadata.title } };
    }
  }
}
