import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { codeOfLength } from "../../worker/core/format/keyword.ts";
import type { ItemDocument } from "../../worker/core/format/meta.ts";
import { textsIn } from "../../worker/core/keyword/field-texts.ts";
import type { Language } from "../../worker/core/keyword/languages.ts";
import { type Token, tokenize } from "../../worker/core/keyword/tokenize.ts";
import { type ByteList, createByteList, putNumber } from "./bytes.ts";
import type { ItemLanguages } from "./options.ts";

/** Everything that is known of one term while documents stream by. */
export interface TermList {
  documents: number;
  /** (gap << 1 | more than one unit), then the units less 2 where there are more; one after the other, no blocks. */
  readonly postings: ByteList;
  /** (delta << 1 | last of its document), one after the other. */
  readonly positions: ByteList | undefined;
  /** Count of each spelling with accents; absent while it is the term itself. */
  spellings: Map<string, number> | undefined;
  /** Documents by language; absent where there is one language. */
  readonly languages: number[] | undefined;
  item: number;
  previousItem: number;
  units: number;
  position: number;
  positionDelta: number;
}

export interface Collected {
  readonly terms: Map<string, TermList>;
  readonly lengths: Uint8Array;
  readonly documents: number;
  readonly totalLength: number;
  readonly unitsPerOne: number;
}

export interface CollectOptions {
  readonly nItems: number;
  readonly language: Language;
  readonly languages?: ItemLanguages | undefined;
  readonly fields: Readonly<Record<string, number>>;
  readonly positions: boolean;
  readonly onDocument?: (done: number) => void;
}

/** Positions between two fields, or two values of one, so that no phrase spans them. */
const FIELD_GAP = 16;
/** Field weights count in steps of an eighth, the finest that some weight needs. */
const STEPS = [1, 2, 4, 8];
const MAX_WEIGHT = 100;

export type Documents = Iterable<ItemDocument> | AsyncIterable<ItemDocument>;

/** Reads documents in item order into posting lists. */
export async function collectTerms(documents: Documents, options: CollectOptions): Promise<Collected> {
  const { nItems, positions, languages } = options;
  const unitsPerOne = stepsFor(options.fields);
  const fields = Object.entries(options.fields).filter(([, weight]) => weight > 0);
  const terms = new Map<string, TermList>();
  const lengths = new Uint8Array(nItems);
  let count = 0;
  let totalLength = 0;
  let previous = -1;
  for await (const document of documents) {
    const { item } = document;
    if (!(item > previous && item < nItems)) {
      throw new AnnoyEdgeError(
        "ITEMS_OUT_OF_ORDER",
        `The keyword index takes documents in ascending item order below ${nItems}; item ${item} came after ${previous}.`,
      );
    }
    previous = item;
    const own = languages?.of[item] ?? 0;
    const language = languages ? languages.list[own]! : options.language;
    let length = 0;
    let base = 0;
    for (const [field, weight] of fields) {
      const units = Math.max(1, Math.round(weight * unitsPerOne));
      for (const text of textsOf(document, field)) {
        const tokens = tokenize(text, language);
        let last = -1;
        for (const token of tokens) {
          const list = listOf(terms, token.term, positions, languages !== undefined);
          if (list.languages && list.item !== item) list.languages[own] = (list.languages[own] ?? 0) + 1;
          addOccurrence(list, token, item, units, base + token.position);
          last = token.position;
        }
        length += tokens.length * weight;
        base += last + 1 + FIELD_GAP;
      }
    }
    lengths[item] = codeOfLength(length);
    totalLength += length;
    count++;
    options.onDocument?.(count);
  }
  for (const list of terms.values()) flush(list);
  return { terms, lengths, documents: count, totalLength, unitsPerOne };
}

function listOf(
  terms: Map<string, TermList>,
  term: string,
  withPositions: boolean,
  withLanguages: boolean,
): TermList {
  let list = terms.get(term);
  if (!list) {
    list = {
      documents: 0,
      postings: createByteList(),
      positions: withPositions ? createByteList() : undefined,
      spellings: undefined,
      languages: withLanguages ? [] : undefined,
      item: -1,
      previousItem: -1,
      units: 0,
      position: 0,
      positionDelta: -1,
    };
    terms.set(term, list);
  }
  return list;
}

function addOccurrence(
  list: TermList,
  { term, word }: Token,
  item: number,
  units: number,
  position: number,
): void {
  if (word !== term || list.spellings) {
    list.spellings ??= new Map([[term, list.documents]]);
    list.spellings.set(word, (list.spellings.get(word) ?? 0) + 1);
  }
  if (list.item !== item) {
    flush(list);
    list.item = item;
    list.units = 0;
    list.position = 0;
  }
  list.units += units;
  if (list.positions) {
    if (list.positionDelta >= 0) putNumber(list.positions, list.positionDelta * 2);
    list.positionDelta = position - list.position;
    list.position = position;
  }
}

/** Writes the posting of the document that the list is in. */
function flush(list: TermList): void {
  if (list.item < 0) return;
  const gap = list.item - list.previousItem - 1;
  putNumber(list.postings, gap * 2 + (list.units > 1 ? 1 : 0));
  if (list.units > 1) putNumber(list.postings, list.units - 2);
  if (list.positions) putNumber(list.positions, list.positionDelta * 2 + 1);
  list.positionDelta = -1;
  list.previousItem = list.item;
  list.item = -1;
  list.documents++;
}

/** The texts of a field: the page content, or a metadata value by its dotted path; arrays give one text a value. */
export function textsOf(document: Pick<ItemDocument, "pageContent" | "metadata">, field: string): string[] {
  return field === "pageContent" ? [document.pageContent] : textsIn(document.metadata, field);
}

function stepsFor(fields: Readonly<Record<string, number>>): number {
  for (const [field, weight] of Object.entries(fields)) {
    if (!(weight >= 0 && weight <= MAX_WEIGHT)) {
      throw new AnnoyEdgeError(
        "INVALID_FIELD_WEIGHT",
        `Field ${field} has weight ${weight}; weights are numbers from 0 to ${MAX_WEIGHT}.`,
      );
    }
  }
  const weights = Object.values(fields);
  return STEPS.find((steps) => weights.every((weight) => Number.isInteger(weight * steps))) ?? STEPS.at(-1)!;
}
