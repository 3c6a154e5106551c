import type { ItemDocument } from "../../worker/core/format/meta.ts";
import { readDocuments } from "../artifact/documents.ts";
import { planColumns } from "../columns/column-sections.ts";
import { countCollection } from "../keyword/collection.ts";
import { withPageTitles } from "../site/beginning.ts";
import type { TextOptions, TextPlan } from "../text/options.ts";

/**
 * Statistics of all shards' texts, from one pass over all documents: the columns with their types, and the
 * frequencies by which words are scored. Each shard would find others in its own.
 */
export async function surveyTexts(
  path: string,
  hasText: boolean,
  { keyword = true, filterable, grouping }: TextOptions,
): Promise<TextPlan> {
  const counter =
    hasText && keyword !== false ? countCollection(typeof keyword === "object" ? keyword : {}) : undefined;
  const documents = counted(withPageTitles(readDocuments(path)), counter);
  let columns: TextPlan["columns"] = [];
  if (filterable?.length === 0) {
    if (counter) for await (const _ of documents);
  } else
    columns = await planColumns(documents, {
      ...(filterable && { filterable }),
      ...(grouping && { grouping }),
    });
  return { columns, ...(counter && { collection: counter.finish() }) };
}

async function* counted(
  documents: AsyncIterable<ItemDocument>,
  counter: ReturnType<typeof countCollection> | undefined,
): AsyncGenerator<ItemDocument> {
  for await (const document of documents) {
    counter?.add(document);
    yield document;
  }
}
