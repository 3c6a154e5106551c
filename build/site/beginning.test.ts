import { expect, test } from "vitest";
import type { ItemDocument } from "../../worker/core/format/meta.ts";
import { PAGE_TITLE, withPageTitles } from "./beginning.ts";

test("one document of every page has its title: the one under it, else the first", async () => {
  const rows: [page: string | undefined, title: string, heading: string][] = [
    ["/a", "A", "Before"],
    ["/a", "A", "A"],
    ["/a", "A", "A"],
    [undefined, "Alone", "Alone"],
    ["/b", "B of the site", "B"],
    ["/b", "B of the site", "More"],
  ];
  const documents = rows.map(([page, title, heading], item): ItemDocument => {
    const metadata = { ...(page !== undefined && { page }), title, heading };
    return { item, id: String(item), pageContent: "text", metadata };
  });
  async function* stream() {
    yield* documents;
  }
  const read: ItemDocument[] = [];
  for await (const document of withPageTitles(stream())) read.push(document);
  expect(read.map(({ item }) => item)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(read.map(({ metadata }) => metadata[PAGE_TITLE])).toEqual([
    undefined,
    "A",
    undefined,
    undefined,
    "B of the site",
    undefined,
  ]);
});
