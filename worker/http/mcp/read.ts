import type { StoredDocument } from "../../core/format/meta.ts";
import { validate } from "../../core/search/parse.ts";
import { noDocument, requireItem, type Searcher } from "../../core/search/searcher.ts";
import { requireAction } from "../access.ts";
import { withSearcher } from "../routes/answering.ts";
import { citationOf, citationText, type Passage, partOf, shownPassage } from "./citation.ts";
import { readInput } from "./inputs.ts";
import { knownId } from "./search.ts";
import type { ToolAnswer, ToolCall } from "./types.ts";

/** Longest text of one answer, in UTF-16 units: what agents take without cutting it themselves. */
const MAX_TEXT = 20_000;

/** Tool `read`. */
export async function readDocument(call: ToolCall, input: unknown): Promise<ToolAnswer> {
  requireAction(call.c, "documents");
  const { id: given, index, neighbours, offset } = validate(readInput, input);
  const id = await knownId(call, given, index);
  return withSearcher(
    call.c,
    async (searcher) => {
      const item = await requireItem(searcher, id);
      const [document] = await searcher.documents([item]);
      if (!document) return noDocument(searcher.index, id);
      const main = partOf(document.pageContent, offset, MAX_TEXT);
      const room = MAX_TEXT - main.text.length;
      const around = await neighboursOf(searcher, { item, document }, neighbours);
      return answerOf(call, searcher, { document, main, ...fitting(around, room) });
    },
    index,
  );
}

interface Around {
  /** In the order of the page. */
  readonly before: readonly StoredDocument[];
  readonly after: readonly StoredDocument[];
}

/** Sections of a page lie one behind the other, as they were indexed; so do the chunks of a document. */
async function neighboursOf(
  searcher: Searcher,
  { item, document }: { readonly item: number; readonly document: StoredDocument },
  count: number,
): Promise<Around> {
  const distances = Array.from({ length: count }, (_, i) => i + 1);
  const items = [
    ...distances.map((far) => item - far).filter((one) => one >= 0),
    ...distances.map((far) => item + far),
  ];
  const found = new Map((await searcher.documents(items)).map((one, i) => [items[i]!, one]));
  const page = pageOf(document);
  const side = (step: number): StoredDocument[] => {
    const kept: StoredDocument[] = [];
    for (const far of distances) {
      const one = found.get(item + step * far);
      if (!one || page === undefined || pageOf(one) !== page) break;
      kept.push(one);
    }
    return kept;
  };
  return { before: side(-1).reverse(), after: side(1) };
}

/** Key of neighbours: the page of a site's section, or the document that a chunk is of. */
function pageOf({ id, metadata }: StoredDocument): string | undefined {
  if (typeof metadata?.page === "string") return metadata.page;
  return /^(.*)#\d+$/.exec(id)?.[1];
}

/** Neighbours as far as there is room, the nearest first. */
function fitting({ before, after }: Around, room: number): Around {
  let left = room;
  const take = (documents: readonly StoredDocument[]): StoredDocument[] => {
    const end = documents.findIndex(({ pageContent }) => {
      left -= pageContent.length;
      return left < 0;
    });
    return documents.slice(0, end < 0 ? documents.length : end);
  };
  const following = take(after);
  return { after: following, before: take(before.toReversed()).reverse() };
}

function answerOf(
  call: ToolCall,
  { index }: Searcher,
  { document, main, before, after }: Around & { readonly document: StoredDocument; readonly main: Passage },
): ToolAnswer {
  const cite = ({ id, metadata }: StoredDocument) =>
    citationOf(call, { index: index.name, version: index.version, id }, metadata);
  const whole = (one: StoredDocument) => ({ ...cite(one), text: one.pageContent });
  const more =
    main.nextOffset === undefined ? "" : `\n\nThe document goes on: read it with offset ${main.nextOffset}.`;
  const shown = (one: StoredDocument, text: string) => `${citationText(cite(one))}\n\n${text}`;
  return {
    text: [
      ...before.map((one) => shown(one, one.pageContent)),
      shown(document, shownPassage(main)) + more,
      ...after.map((one) => shown(one, one.pageContent)),
    ].join("\n\n---\n\n"),
    data: { document: { ...cite(document), ...main }, before: before.map(whole), after: after.map(whole) },
  };
}
