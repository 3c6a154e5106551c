import type { ArtifactMeta, ItemDocument } from "../../worker/core/format/meta.ts";
import { readDocuments } from "../artifact/documents.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { buildColumnSections } from "../columns/column-sections.ts";
import { countCollection, type KeywordCounts } from "../keyword/collection.ts";
import { buildKeywordSections } from "../keyword/keyword-sections.ts";
import type { Collection } from "../keyword/options.ts";
import type { Progress } from "../settings/progress.ts";
import { PAGE_TITLE, withPageTitles } from "../site/beginning.ts";
import type { TextOptions, TextPlan } from "./options.ts";

export interface TextSections {
  readonly sections: readonly SectionSource[];
  readonly meta: Pick<ArtifactMeta, "keyword" | "columns" | "fusion">;
}

export interface TextInput {
  readonly nItems: number;
  /** Whether any document has text. */
  readonly hasText: boolean;
}

/** Documents between two reports of progress. */
const REPORTED = 256;
/** Makes the sections that come from `documents.jsonl` at `path`, which is read once for each. */
export async function indexTexts(
  path: string,
  { nItems, hasText }: TextInput,
  options: TextOptions & { readonly plan?: TextPlan },
  onProgress?: (progress: Progress) => void,
): Promise<TextSections> {
  const sections: SectionSource[] = [];
  const { keyword = true } = options;
  const titled = typeof keyword === "object" && keyword.fields !== undefined && PAGE_TITLE in keyword.fields;
  const read = () => (titled ? withPageTitles(readDocuments(path)) : readDocuments(path));
  const own = typeof keyword === "object" ? keyword : {};
  const collection =
    options.plan?.collection ?? (own.languages && hasText ? await countAll(read(), own) : undefined);
  const keywords =
    keyword !== false && hasText
      ? await buildKeywordSections(read(), {
          ...own,
          ...(collection && { collection }),
          nItems,
          onDocument: (done) => {
            if (done % REPORTED === 0 || done === nItems) {
              onProgress?.({ phase: "keywords", done, total: nItems });
            }
          },
        })
      : undefined;
  if (keywords) sections.push(...keywords.sections);
  const columns = await buildColumns(path, nItems, options);
  sections.push(...columns.sections);
  return {
    sections,
    meta: {
      ...(keywords && { keyword: keywords.meta }),
      ...(columns.meta.length > 0 && { columns: columns.meta }),
    },
  };
}

/** Frequencies of words of several languages, each among the documents of its own. */
async function countAll(documents: AsyncIterable<ItemDocument>, keyword: KeywordCounts): Promise<Collection> {
  const counter = countCollection(keyword);
  for await (const document of documents) counter.add(document);
  return counter.finish();
}

async function buildColumns(
  path: string,
  nItems: number,
  { filterable, grouping, plan }: TextOptions & { readonly plan?: TextPlan },
) {
  if (filterable?.length === 0) return { sections: [], meta: [] };
  const documents: AsyncIterable<ItemDocument> = readDocuments(path);
  return buildColumnSections(documents, {
    nItems,
    ...(filterable && { filterable }),
    ...(grouping && { grouping }),
    ...(plan?.columns && { plan: plan.columns }),
  });
}
