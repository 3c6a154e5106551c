import type { ItemDocument } from "../../worker/core/format/meta.ts";

/**
 * Keyword field of a page's title, which only one document of the page has: who types a title wants that page, not one
 * that mentions it in a heading. No page can declare a field of this name, because a colon ends one.
 */
export const PAGE_TITLE = "page:title";

/**
 * Documents of a site in their order. Of those that follow one another on a page, the one under the page's title has it
 * as {@link PAGE_TITLE}; where the title is no heading, the first. Documents of no page are left as they are.
 */
export async function* withPageTitles(documents: AsyncIterable<ItemDocument>): AsyncGenerator<ItemDocument> {
  let page: ItemDocument[] = [];
  for await (const document of documents) {
    const { page: own } = document.metadata;
    if (page.length > 0 && page[0]!.metadata.page !== own) {
      yield* titled(page);
      page = [];
    }
    if (own === undefined) yield document;
    else page.push(document);
  }
  yield* titled(page);
}

function titled(page: readonly ItemDocument[]): ItemDocument[] {
  const under = page.findIndex(({ metadata }) => metadata.heading === metadata.title);
  const beginning = Math.max(0, under);
  return page.map((document, i) =>
    i === beginning
      ? { ...document, metadata: { ...document.metadata, [PAGE_TITLE]: document.metadata.title } }
      : document,
  );
}
