import { join } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { ColumnMeta, ItemDocument, KeywordMeta } from "../../worker/core/format/meta.ts";
import { isLanguage } from "../../worker/core/keyword/languages.ts";
import { readDocuments } from "../artifact/documents.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { collectFields, typeOf } from "../columns/collect.ts";
import type { ColumnPlan } from "../columns/column-sections.ts";
import { encodeDocuments } from "../keyword/keyword-sections.ts";
import { PAGE_TITLE, withPageTitles } from "../site/beginning.ts";
import { itemLanguages } from "../text/languages.ts";
import type { TextOptions, TextPlan } from "../text/options.ts";

/** Settings by which the texts and fields of a base are indexed. */
export interface BaseTexts {
  readonly keyword: KeywordMeta | undefined;
  readonly columns: readonly ColumnMeta[];
  /** Whether a field holds days. */
  readonly isDays: (field: string) => boolean;
}

/**
 * Settings by which the texts of changes are indexed as the base's were: the same language, fields and columns.
 *
 * @param path `documents.jsonl` of the changes
 * @throws AnnoyEdgeError `COLUMN_MISMATCH` for a value that the base's column cannot hold
 */
export async function textOptionsLike(
  { keyword, columns, isDays }: BaseTexts,
  path: string,
  nItems: number,
): Promise<TextOptions & { readonly plan: TextPlan }> {
  const plan = await planLike(columns, isDays, path);
  return {
    keyword: keyword ? await keywordOptionsOf(keyword, readDocuments(path), nItems) : false,
    filterable: columns.map(({ field }) => field),
    plan: { columns: plan },
  };
}

export async function keywordOptionsOf(
  { language, languages, fields, k1, b, positions }: KeywordMeta,
  documents: AsyncIterable<ItemDocument>,
  nItems: number,
) {
  const own = languages && (await itemLanguages(documents, languages.filter(isLanguage), nItems));
  return { language, fields, k1, b, positions, ...(own && { languages: own }) };
}

async function planLike(
  columns: readonly ColumnMeta[],
  isDays: BaseTexts["isDays"],
  path: string,
): Promise<ColumnPlan[]> {
  const { fields } = await collectFields(
    readDocuments(path),
    new Set(columns.map(({ field }) => field)),
    true,
  );
  return columns.map((column) => {
    const own = fields.get(column.field);
    const days = isDays(column.field);
    // Texts hold anything; other types hold their own.
    const fits = !own || column.type === "string" || typeOf(own) === column.type;
    if (!fits || (own && days && !own.onlyDays)) {
      throw new AnnoyEdgeError(
        "COLUMN_MISMATCH",
        `Metadata field "${column.field}" holds ${days ? "days" : `values of type ${column.type}`} in the index, and another kind in a document of the update. Build the index anew, so that the field's type is chosen again.`,
      );
    }
    return { ...column, days, array: column.array || own?.array === true || own?.repeated === true };
  });
}

/** Section `removedTerms`: the words of the base's documents that are gone. */
export async function removedTerms(
  baseDir: string,
  removed: readonly number[],
  keyword: KeywordMeta | undefined,
): Promise<SectionSource[]> {
  if (!keyword || removed.length === 0) return [];
  const gone = new Set(removed);
  async function* documents() {
    let item = 0;
    const stored = readDocuments(join(baseDir, "documents.jsonl"));
    const isTitled = PAGE_TITLE in keyword!.fields;
    for await (const document of isTitled ? withPageTitles(stored) : stored) {
      if (gone.has(document.item)) yield { ...document, item: item++ };
    }
  }
  const like = await keywordOptionsOf(keyword, documents(), removed.length);
  const options = { ...like, positions: false, nItems: removed.length };
  const { encoded } = await encodeDocuments(documents(), options);
  return [{ name: "removedTerms", hot: true, bytes: encoded.terms }];
}
