import { eld } from "eld/small";
import type { ItemDocument } from "../../worker/core/format/meta.ts";
import { isLanguage, type Language, severalLanguages } from "../../worker/core/keyword/languages.ts";
import { readDocuments } from "../artifact/documents.ts";
import type { ItemLanguages } from "../keyword/options.ts";
import type { TextOptions } from "./options.ts";

/** Documents whose languages decide which ones the corpus has. */
const SAMPLE = 2_000;
/** Characters of a document that are looked at, and letters that are needed to tell its language. */
const MAX_TEXT = 1_000;
const MIN_LETTERS = 60;
/** A language that is detected in fewer documents, or a smaller share, is taken for an error. */
const MIN_DOCUMENTS = 3;
const MIN_SHARE = 0.03;

/** The language that the metadata of a document declares (`de-AT`), as its stemmer is called. */
function declared({ metadata }: Pick<ItemDocument, "metadata">): Language | undefined {
  // Of several the first is its own: the others are those of pages that show it untranslated.
  const [lang] = [metadata.lang].flat();
  return typeof lang === "string" ? stemmerOf(lang.toLowerCase().split(/[-_]/)[0]!) : undefined;
}

function detected({ pageContent }: Pick<ItemDocument, "pageContent">): Language | undefined {
  const text = pageContent.slice(0, MAX_TEXT);
  if ((text.match(/\p{L}/gu)?.length ?? 0) < MIN_LETTERS) return undefined;
  const found = eld.detect(text);
  return found.isReliable() ? stemmerOf(found.language) : undefined;
}

/** Codes with another name here, and languages in other scripts, whose Latin words are English mostly. */
const OTHERS: Readonly<Record<string, Language>> = { nb: "no", nn: "no" };
const OTHER_SCRIPTS = /^(?:am|be|bg|bn|el|fa|gu|he|hi|hy|ja|ka|kn|ko|ml|mr|or|pa|sr|ta|te|th|uk|ur|zh)$/;

function stemmerOf(code: string): Language | undefined {
  if (!/^[a-z]{2}$/.test(code)) return undefined;
  if (isLanguage(code)) return code;
  return OTHERS[code] ?? (OTHER_SCRIPTS.test(code) ? "en" : "none");
}

/** Languages of a corpus, the one of most documents first. Those of few documents that do not say so themselves are left out. */
async function corpusLanguages(path: string, nItems: number): Promise<Language[]> {
  const step = Math.max(1, Math.ceil(nItems / SAMPLE));
  const declaring = new Map<Language, number>();
  const detecting = new Map<Language, number>();
  let sampled = 0;
  const count = (counts: Map<Language, number>, language: Language) =>
    counts.set(language, (counts.get(language) ?? 0) + 1);
  for await (const document of readDocuments(path)) {
    const own = declared(document);
    const isSampled = document.item % step === 0;
    if (own) count(declaring, own);
    else if (isSampled) {
      const found = detected(document);
      if (!found) continue;
      count(detecting, found);
      sampled++;
    }
  }
  const kept = new Map(declaring);
  const order = (language: Language) => (language === "en" ? "" : language);
  const [main] = [...detecting].sort(([a, x], [b, y]) => y - x || (order(a) < order(b) ? -1 : 1));
  for (const [language, documents] of detecting) {
    const isFew = documents < Math.max(MIN_DOCUMENTS, sampled * MIN_SHARE);
    if (isFew && language !== main?.[0] && !declaring.has(language)) continue;
    kept.set(language, (kept.get(language) ?? 0) + documents * step);
  }
  return [...kept].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([language]) => language);
}

/** The language of each document, of those in a list; of documents that do not tell it the first. */
export async function itemLanguages(
  documents: AsyncIterable<ItemDocument>,
  list: readonly Language[],
  nItems: number,
): Promise<ItemLanguages> {
  const of = new Uint8Array(nItems);
  const told = new Uint8Array(nItems);
  for await (const document of documents) {
    const language = declared(document) ?? detected(document);
    const place = language ? list.indexOf(language) : -1;
    of[document.item] = Math.max(0, place);
    told[document.item] = place < 0 ? 0 : 1;
  }
  return { list, of, told };
}

/**
 * The settings of a build with the languages of its documents, in `documents.jsonl` at `path`, where they do not name one.
 */
export async function withLanguages<T extends TextOptions>(
  text: T,
  path: string,
  { nItems, hasText }: { readonly nItems: number; readonly hasText: boolean },
): Promise<T> {
  const { keyword = true } = text;
  if (keyword === false || !hasText) return text;
  const own = typeof keyword === "object" ? keyword : {};
  if (own.language !== undefined && own.language !== "auto") return text;
  const list = await corpusLanguages(path, nItems);
  const [first = "en"] = list;
  if (list.length > 1) {
    const languages = await itemLanguages(readDocuments(path), list, nItems);
    return { ...text, keyword: { ...own, language: severalLanguages(list).language, languages } };
  }
  return { ...text, keyword: { ...own, language: first } };
}
