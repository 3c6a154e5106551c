import { compareTexts } from "../../worker/core/columns/order.ts";
import {
  KEYWORD_COLLECTION_VERSION,
  KEYWORD_FLAGS,
  KEYWORD_HEADER,
  KEYWORD_HEADER_BYTES,
  KEYWORD_LAYOUT_VERSION,
  LANGUAGE_BITS,
  LONG_TERM,
  MAX_CLASS_SIZE,
  MAX_SHORT,
  POSTINGS_PER_BLOCK,
  SEVERAL_LANGUAGES,
  TERMS_PER_BLOCK,
} from "../../worker/core/format/keyword.ts";
import { encodeStem, encodeTerm } from "../../worker/core/keyword/dictionary.ts";
import type { KeywordSections } from "../../worker/core/keyword/keyword-index.ts";
import { type Language, stemWord } from "../../worker/core/keyword/languages.ts";
import { foldWord } from "../../worker/core/keyword/tokenize.ts";
import { type ByteList, createByteList, listBytes, putBytes, putNumber } from "./bytes.ts";
import type { Collected, TermList } from "./collect.ts";
import { mostOf } from "./collection.ts";
import type { Collection } from "./options.ts";

export interface EncodedKeywords extends KeywordSections {
  /** Distinct words. */
  readonly nWords: number;
}

export interface EncodeOptions {
  readonly nItems: number;
  readonly language: Language;
  /** The languages of the documents, where they are several. */
  readonly languages?: readonly Language[] | undefined;
  readonly positions: boolean;
  readonly k1: number;
  readonly b: number;
  /** The documents that these are a part of. */
  readonly collection?: Collection;
}

/** One line of the dictionary in the making. */
interface Entry {
  readonly key: Uint8Array;
  /** The word, or the stem and its mark. */
  readonly text: string;
  readonly list: TermList | undefined;
  next: number;
  classDocuments: number;
  /** Documents of the collection with any word of the stem. */
  classTotal: number;
}

/** Encodes dictionary, postings and positions. The normative text is docs/format-keyword.md. */
export function encodeKeywords(collected: Collected, options: EncodeOptions): EncodedKeywords {
  const { collection } = options;
  const words = [...collected.terms.keys()];
  const classes = classesOf(words, collected.terms, (word) => languageOfWord(word, collected, options));
  const stems = [...classes].filter(([stem, members]) => !members.includes(stem)).map(([stem]) => stem);
  const entries: Entry[] = [
    ...words.map((word) => ({ key: encodeTerm(word), list: collected.terms.get(word), text: word })),
    ...stems.map((stem) => ({ key: encodeStem(stem), list: undefined, text: `${stem}\u0001` })),
  ]
    .sort((x, y) => compareTexts(x.text, y.text))
    .map((entry, i) => ({ ...entry, next: i, classDocuments: 0, classTotal: 0 }));
  joinClasses(entries, classes, options.nItems, collection);

  const encoded = encodeBlocks(entries, collection, options.positions);
  const { termList, postings, positions, tables } = encoded;
  const header = encodeHeader(collected, options, encoded, entries.length);
  const terms = createByteList(header.length + termList.length + tables.length * tables[0]!.byteLength);
  putBytes(terms, header);
  for (const table of tables) putBytes(terms, new Uint8Array(table.buffer));
  putBytes(terms, listBytes(termList));
  return {
    terms: listBytes(terms),
    postings: listBytes(postings),
    lengths: collected.lengths,
    positions: positions && listBytes(positions),
    nWords: words.length,
  };
}

/** Blocks of the dictionary with their postings and positions. */
interface EncodedBlocks {
  readonly termList: ByteList;
  readonly postings: ByteList;
  readonly positions: ByteList | undefined;
  /** Beginnings of the blocks, of their postings and of their positions. */
  readonly tables: readonly Uint32Array[];
}

function encodeBlocks(
  entries: readonly Entry[],
  collection: Collection | undefined,
  withPositions: boolean,
): EncodedBlocks {
  const termList = createByteList(entries.length * 8);
  const postings = createByteList(1 << 16);
  const positions = withPositions ? createByteList(1 << 16) : undefined;
  const blocks = Math.ceil(entries.length / TERMS_PER_BLOCK);
  const tables = Array.from({ length: withPositions ? 3 : 2 }, () => new Uint32Array(blocks + 1));
  for (let block = 0; block < blocks; block++) {
    const first = block * TERMS_PER_BLOCK;
    const count = Math.min(TERMS_PER_BLOCK, entries.length - first);
    tables[0]![block] = termList.length;
    tables[1]![block] = postings.length;
    if (positions) tables[2]![block] = positions.length;
    let previous = new Uint8Array(0);
    for (let i = first; i < first + count; i++) {
      const { key } = entries[i]!;
      const shared = sharedBytes(previous, key);
      const rest = key.length - shared;
      const short = shared <= MAX_SHORT && rest <= MAX_SHORT && shared + rest < 2 * MAX_SHORT;
      putBytes(
        termList,
        short ? Uint8Array.of((shared << 4) | rest) : Uint8Array.of(LONG_TERM, shared, rest),
      );
      putBytes(termList, key.subarray(shared));
      previous = new Uint8Array(key);
    }
    for (let i = first; i < first + count; i++) {
      const { text, list, next, classDocuments, classTotal } = entries[i]!;
      putNumber(termList, list?.documents ?? 0);
      if (list) {
        const before = postings.length;
        putPostings(postings, list);
        putNumber(termList, postings.length - before);
        if (positions) {
          putBytes(positions, listBytes(list.positions!));
          putNumber(termList, list.positions!.length);
        }
      }
      const step = next - i;
      putNumber(termList, step >= 0 ? step * 2 : -step * 2 - 1);
      if (step !== 0) putNumber(termList, classDocuments);
      if (!collection) continue;
      if (list) putNumber(termList, Math.max(list.documents, collection.words.get(text) ?? 0));
      // A word beyond the largest class that is kept has none.
      putNumber(termList, Math.max(classTotal, list?.documents ?? 0));
    }
  }
  tables[0]![blocks] = termList.length;
  tables[1]![blocks] = postings.length;
  if (positions) tables[2]![blocks] = positions.length;
  return { termList, postings, positions, tables };
}

function encodeHeader(
  collected: Collected,
  { collection, nItems, k1, b, language, languages }: EncodeOptions,
  { termList, postings, positions }: EncodedBlocks,
  nTerms: number,
): Uint8Array {
  const header = new Uint8Array(KEYWORD_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(
    KEYWORD_HEADER.version,
    collection ? KEYWORD_COLLECTION_VERSION : KEYWORD_LAYOUT_VERSION,
    true,
  );
  view.setUint32(KEYWORD_HEADER.flags, positions ? KEYWORD_FLAGS.positions : 0, true);
  view.setUint32(KEYWORD_HEADER.collectionDocuments, collection?.documents ?? 0, true);
  view.setUint32(KEYWORD_HEADER.nTerms, nTerms, true);
  view.setUint32(KEYWORD_HEADER.nItems, nItems, true);
  view.setUint32(KEYWORD_HEADER.nDocuments, collected.documents, true);
  view.setUint32(KEYWORD_HEADER.unitsPerOne, collected.unitsPerOne, true);
  view.setUint32(KEYWORD_HEADER.termBytes, termList.length, true);
  view.setUint32(KEYWORD_HEADER.postingBytes, postings.length, true);
  view.setUint32(KEYWORD_HEADER.positionBytes, positions?.length ?? 0, true);
  const own = collected.documents === 0 ? 0 : collected.totalLength / collected.documents;
  const average = collection?.averageLength ?? own;
  view.setFloat64(KEYWORD_HEADER.averageLength, average, true);
  view.setFloat64(KEYWORD_HEADER.k1, k1, true);
  view.setFloat64(KEYWORD_HEADER.b, b, true);
  if (!languages) {
    header.set(encodeTerm(language), KEYWORD_HEADER.language);
    return header;
  }
  header.set(encodeTerm(SEVERAL_LANGUAGES), KEYWORD_HEADER.language);
  const bits = languages.reduce((sum, one) => sum | (1 << LANGUAGE_BITS.indexOf(one)), 0);
  view.setUint32(KEYWORD_HEADER.language + 4, bits >>> 0, true);
  return header;
}

/** The language in which most of a word's documents are. */
function languageOfWord(
  word: string,
  { terms }: Collected,
  { language, languages, collection }: EncodeOptions,
): Language {
  if (!languages) return language;
  const known = collection?.languages?.get(word);
  if (known) return known;
  const counts = terms.get(word)?.languages ?? [];
  return languages[mostOf(counts)] ?? language;
}

/** Words by stem. A folded word is stemmed in the spelling that is most frequent in the documents. */
function classesOf(
  words: readonly string[],
  lists: ReadonlyMap<string, TermList>,
  languageOf: (word: string) => Language,
): Map<string, string[]> {
  const classes = new Map<string, string[]>();
  for (const word of words) {
    const stem = foldWord(stemWord(languageOf(word), usualSpelling(word, lists.get(word)!)));
    const members = classes.get(stem);
    if (!members) classes.set(stem, [word]);
    else if (members.length < MAX_CLASS_SIZE - 1) members.push(word);
  }
  return classes;
}

function usualSpelling(term: string, list: TermList): string {
  let usual = term;
  let most = 0;
  for (const [spelling, times] of list.spellings ?? []) {
    if (times > most || (times === most && compareTexts(spelling, usual) < 0)) {
      usual = spelling;
      most = times;
    }
  }
  return usual;
}

/** Links the members of each class into a ring and counts the documents that hold any of them. */
function joinClasses(
  entries: readonly Entry[],
  classes: ReadonlyMap<string, readonly string[]>,
  nItems: number,
  collection: Collection | undefined,
): void {
  const numberOf = new Map(entries.map((entry, i) => [entry.text, i]));
  const stamps = new Uint32Array(nItems);
  let stamp = 0;
  for (const [stem, members] of classes) {
    const ring = members.map((word) => numberOf.get(word)!);
    const own = numberOf.get(`${stem}\u0001`);
    if (own !== undefined) ring.push(own);
    const total = Math.max(
      ...ring.map((i) => entries[i]!.list?.documents ?? 0),
      collection?.stems.get(stem) ?? 0,
    );
    for (const i of ring) entries[i]!.classTotal = total;
    if (ring.length === 1) continue;
    ring.sort((x, y) => x - y);
    stamp++;
    let documents = 0;
    for (const i of ring) {
      const { list } = entries[i]!;
      if (!list) continue;
      forEachPosting(list, (item) => {
        if (stamps[item] === stamp) return;
        stamps[item] = stamp;
        documents++;
      });
    }
    for (const [j, i] of ring.entries()) {
      entries[i]!.next = ring[(j + 1) % ring.length]!;
      entries[i]!.classDocuments = documents;
      entries[i]!.classTotal = Math.max(total, documents);
    }
  }
}

/** Reads back what collect.ts wrote. */
function forEachPosting(list: TermList, visit: (item: number, start: number, end: number) => void): void {
  const { bytes } = list.postings;
  let at = 0;
  const next = () => {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  };
  let item = -1;
  for (let i = 0; i < list.documents; i++) {
    const start = at;
    const value = next();
    item += Math.floor(value / 2) + 1;
    if (value % 2 === 1) next();
    visit(item, start, at);
  }
}

/** A list as it stands in the file: long ones in blocks with their last item and their length in front. */
function putPostings(out: ReturnType<typeof createByteList>, list: TermList): void {
  if (list.documents <= POSTINGS_PER_BLOCK) {
    putBytes(out, listBytes(list.postings));
    return;
  }
  let inBlock = 0;
  let blockStart = 0;
  let previousLast = -1;
  let seen = 0;
  forEachPosting(list, (item, start, end) => {
    if (inBlock === 0) blockStart = start;
    inBlock++;
    seen++;
    if (inBlock < POSTINGS_PER_BLOCK && seen < list.documents) return;
    putNumber(out, item - previousLast - 1);
    putNumber(out, end - blockStart);
    putBytes(out, list.postings.bytes.subarray(blockStart, end));
    previousLast = item;
    inBlock = 0;
  });
}

function sharedBytes(x: Uint8Array, y: Uint8Array): number {
  const most = Math.min(x.length, y.length);
  let n = 0;
  while (n < most && x[n] === y[n]) n++;
  return n;
}
