import fc from "fast-check";
import { expect, test } from "vitest";
import { corpus } from "../../test/publish/folder.ts";
import type { ItemDocument, StoredDocument } from "../../worker/core/format/meta.ts";
import { decodeLine, MAX_PAGE_BYTES, PAGE_TARGET_BYTES } from "../../worker/core/format/page.ts";
import { NO_DOCUMENT, type Placement, pageOf, slotOf } from "../../worker/core/format/placement.ts";
import type { Docstore } from "../../worker/core/search/docstore.ts";
import { mergePlacements } from "./base.ts";
import { layOut, placementOf } from "./layout.ts";
import { packPages } from "./pack.ts";
import { hashLines, planPages } from "./plan.ts";

type Documents = readonly (StoredDocument | undefined)[];
type Full = Placement & { lineHashes: Uint8Array };

async function* stream(documents: Documents): AsyncGenerator<ItemDocument> {
  for (const [item, document] of documents.entries()) if (document) yield { item, ...document };
}

const source = (documents: Documents) => ({ documents: stream(documents), nItems: documents.length });

function store(documents: Documents): Docstore {
  return { getItems: async (items) => items.map((item) => documents[item]) };
}

/** Plans and packs; returns the placement, the new pages' texts by hash, and the plan. */
async function place(documents: Documents, before?: Full, order: Iterable<number> = documents.keys()) {
  const base = before && mergePlacements([before]);
  // Kept lines and lines that are read again must come to the same; every other corpus takes each way.
  const lines = await hashLines([source(documents)], documents.length % 2 === 0);
  const plan = planPages(lines, order, base);
  const packed = await packPages(plan, lines, store(documents));
  const texts = new Map<string, string>();
  for (const pack of packed.packs) {
    const pages = await packed.readPages(pack, pack.pages);
    for (const [i, page] of pack.pages.entries()) texts.set(page.hash, pages[i]!);
  }
  await packed.discard();
  const placement = placementOf(layOut(plan, lines, base, packed.packs), 0, documents.length);
  return { plan, placement, texts, newBytes: packed.newPageBytes };
}

/** Every document as the placement finds it among `texts`. */
function resolve(placement: Placement, texts: ReadonlyMap<string, string>): (StoredDocument | undefined)[] {
  return [...placement.entries].map((entry) =>
    entry === NO_DOCUMENT
      ? undefined
      : decodeLine(texts.get(placement.pages[pageOf(entry)]!.hash)!, slotOf(entry)),
  );
}

const scattered = (share: number) => (item: number) =>
  Math.imul(item + 1, 0x9e3779b1) >>> 0 < 2 ** 32 * share;
const bytesOf = (placement: Placement) => placement.pages.reduce((sum, page) => sum + page.bytes, 0);

test("a first placement fills pages in the order given and finds every document", async () => {
  const documents = corpus(2000);
  const order = Array.from({ length: 2000 }, (_, i) => 1999 - i);
  const { placement, texts } = await place(documents, undefined, order);
  expect(resolve(placement, texts)).toEqual(documents);
  expect(pageOf(placement.entries[1999]!)).toBe(0);
  expect(pageOf(placement.entries[0]!)).toBe(placement.pages.length - 1);
  for (const page of placement.pages) expect(page.bytes).toBeLessThanOrEqual(PAGE_TARGET_BYTES);
  expect(placement.pages.length).toBeLessThan(1.02 * Math.ceil(bytesOf(placement) / PAGE_TARGET_BYTES) + 1);
});

test("an unchanged corpus writes no page, in whatever order the forest has it now", async () => {
  const documents = corpus(2000);
  const first = await place(documents);
  const second = await place(documents, first.placement, [...documents.keys()].reverse());
  expect(second.plan.newPages).toEqual([]);
  expect(second.placement).toEqual(first.placement);
  expect(second.plan).toMatchObject({ added: 0, kept: 2000, removed: 0, repacked: 0 });
});

test("1% of 100,000 documents changed, scattered, writes at most 2% of the pages' bytes; 1% removed writes none", async () => {
  const before = await place(corpus(100_000));
  const changed = await place(corpus(100_000, 200, scattered(0.01), 1), before.placement);
  expect(changed.plan.added).toBeGreaterThan(900);
  expect(changed.newBytes).toBeLessThanOrEqual(0.02 * bytesOf(before.placement));
  const fewer = corpus(100_000).map((document) =>
    scattered(0.01)(Number(document.id.slice(4))) ? undefined : document,
  );
  const removed = await place(fewer, before.placement);
  expect(removed.plan.newPages).toEqual([]);
  expect(removed.plan.removed).toBeGreaterThan(900);
});

test("60 publishes of 1% each stay below 2% a time and leave at most two thirds of the bytes stale", async () => {
  const documents: StoredDocument[] = corpus(8_000);
  let current = await place(documents);
  const texts = new Map(current.texts);
  for (let edition = 1; edition <= 60; edition++) {
    const changed = scattered(0.01);
    for (let item = 0; item < documents.length; item++) {
      if (!changed(item * 131 + edition * 7919)) continue;
      const document = documents[item]!;
      documents[item] = {
        ...document,
        pageContent: document.pageContent.replace(/edition \d+/, `edition ${edition}`),
      };
    }
    const total = bytesOf(current.placement);
    current = await place(documents, current.placement);
    for (const [hash, text] of current.texts) texts.set(hash, text);
    expect(current.newBytes).toBeLessThanOrEqual(Math.max(0.02 * total, 3 * PAGE_TARGET_BYTES));
  }
  expect(resolve(current.placement, texts)).toEqual(documents);
  const live = documents.reduce((sum, document) => sum + JSON.stringify(document).length + 1, 0);
  expect(bytesOf(current.placement)).toBeLessThan(3 * live);
});

test("publishes of one changed document each do not leave a page each behind", async () => {
  const documents = corpus(1000);
  let current = await place(documents);
  for (let edition = 1; edition <= 30; edition++) {
    documents[edition] = { ...documents[edition]!, pageContent: `edition ${edition}` };
    current = await place(documents, current.placement);
    expect(current.plan.newPages).toHaveLength(1);
  }
  expect(current.placement.pages.length).toBeLessThan(8);
});

test("a document over the page size has a page of its own", async () => {
  const documents = [
    { id: "a", pageContent: "small", metadata: {} },
    { id: "b", pageContent: "x".repeat(PAGE_TARGET_BYTES + 1), metadata: {} },
    { id: "c", pageContent: "small", metadata: {} },
  ];
  const { placement, texts } = await place(documents);
  expect(placement.pages.map((page) => page.lines)).toEqual([1, 1, 1]);
  expect(resolve(placement, texts)).toEqual(documents);
});

test("a document over 25 MiB is refused with a sentence that names it", async () => {
  const document = { id: "huge", pageContent: "x".repeat(MAX_PAGE_BYTES), metadata: {} };
  await expect(hashLines([source([document])])).rejects.toThrow(/"huge" \(item 0\) takes .*25 MiB/);
});

test("any sequence of corpora resolves every document after each publish", async () => {
  const edition = fc.array(fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.array(edition, { minLength: 1, maxLength: 6 }), async (editions) => {
      let base: Full | undefined;
      const texts = new Map<string, string>();
      for (const picks of editions) {
        const documents = picks.map((pick, item) =>
          pick === undefined
            ? undefined
            : { id: `d${item}`, pageContent: `${pick}`.repeat(4000 * (pick + 1)), metadata: {} },
        );
        const placed = await place(documents, base);
        for (const [hash, text] of placed.texts) texts.set(hash, text);
        expect(resolve(placed.placement, texts)).toEqual(documents);
        base = placed.placement;
      }
    }),
    { numRuns: 30 },
  );
});
