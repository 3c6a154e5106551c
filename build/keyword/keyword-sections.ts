import { LANGUAGE_BITS, MAX_LANGUAGES } from "../../worker/core/format/keyword.ts";
import type { KeywordMeta } from "../../worker/core/format/meta.ts";
import { checkLanguage } from "../../worker/core/keyword/languages.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { collectTerms, type Documents } from "./collect.ts";
import { type EncodedKeywords, encodeKeywords } from "./encode.ts";
import { DEFAULT_FIELDS, type ItemLanguages, type KeywordOptions } from "./options.ts";

export interface BuiltKeywords {
  readonly sections: SectionSource[];
  readonly meta: KeywordMeta;
  /** Bytes of all sections together. */
  readonly bytes: number;
}

/**
 * Builds the keyword index of documents, which come in ascending item order. The same documents and options give the
 * same bytes. About the size of the index is held in memory, twice.
 *
 * @throws AnnoyEdgeError `UNKNOWN_LANGUAGE`, `INVALID_FIELD_WEIGHT`, `ITEMS_OUT_OF_ORDER`
 */
export async function buildKeywordSections(
  documents: Documents,
  options: KeywordOptions,
): Promise<BuiltKeywords> {
  const { encoded, meta } = await encodeDocuments(documents, options);
  const sections: SectionSource[] = [
    { name: "keywordTerms", hot: true, bytes: encoded.terms },
    { name: "keywordPostings", hot: true, bytes: encoded.postings },
    { name: "keywordLengths", hot: true, bytes: encoded.lengths },
  ];
  if (options.languages) {
    sections.push({ name: "keywordLanguages", hot: true, bytes: encodeLanguages(options.languages) });
  }
  if (encoded.positions) sections.push({ name: "keywordPositions", hot: true, bytes: encoded.positions });
  return { sections, meta, bytes: sections.reduce((sum, section) => sum + section.bytes.byteLength, 0) };
}

/** Counts the documents of each language, and gives each item the code of its own. */
function encodeLanguages({ list, of, told }: ItemLanguages): Uint8Array {
  const bytes = new Uint8Array(MAX_LANGUAGES * 4 + of.length);
  const view = new DataView(bytes.buffer);
  for (const [item, place] of of.entries()) {
    if (!told[item]) continue;
    const bit = LANGUAGE_BITS.indexOf(list[place]!);
    view.setUint32(bit * 4, view.getUint32(bit * 4, true) + 1, true);
    bytes[MAX_LANGUAGES * 4 + item] = bit + 1;
  }
  return bytes;
}

/** The index's bytes, before they are sections of a file. */
export async function encodeDocuments(
  documents: Documents,
  options: KeywordOptions,
): Promise<{ encoded: EncodedKeywords; meta: KeywordMeta }> {
  const { nItems, positions = true, fields = DEFAULT_FIELDS, k1 = 1.2, b = 0.75 } = options;
  const language = checkLanguage(options.language ?? "en");
  const collected = await collectTerms(documents, {
    nItems,
    language,
    languages: options.languages,
    fields,
    positions,
    ...(options.onDocument && { onDocument: options.onDocument }),
  });
  const encoded = encodeKeywords(collected, {
    ...{ nItems, language, positions, k1, b },
    languages: options.languages?.list,
    ...(options.collection && { collection: options.collection }),
  });
  const averageLength = collected.documents === 0 ? 0 : collected.totalLength / collected.documents;
  const { documents: count } = collected;
  return {
    encoded,
    meta: {
      language,
      ...(options.languages && { languages: options.languages.list }),
      fields,
      k1,
      b,
      terms: encoded.nWords,
      documents: count,
      averageLength,
      positions,
    },
  };
}
