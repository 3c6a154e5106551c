import { type Artifact, findSection, requireBytes, sectionBytes } from "../format/artifact.ts";
import {
  corruptKeywords,
  KEYWORD_COLLECTION_VERSION,
  KEYWORD_FLAGS,
  KEYWORD_HEADER,
  KEYWORD_HEADER_BYTES,
  KEYWORD_LAYOUT_VERSION,
  KEYWORD_OLD_VERSIONS,
  LANGUAGE_BITS,
  LANGUAGE_BYTES,
  LENGTH_OF_CODE,
  MAX_LANGUAGES,
  SEVERAL_LANGUAGES,
  TERMS_PER_BLOCK,
} from "../format/keyword.ts";
import type { Dictionary } from "./cursor.ts";
import { type IndexLanguages, isLanguage, type Language, severalLanguages } from "./languages.ts";
import { type Lexicon, lexiconOf } from "./lexicon.ts";
import { createScratch, type Scratch } from "./scratch.ts";

/** An opened keyword index: views over the artifact, and scratch that synchronous searches share. */
export interface KeywordIndex {
  readonly language: Language;
  /** Languages of the documents, that one among them: unknown words are stemmed by each. */
  readonly languages: readonly Language[];
  readonly dictionary: Dictionary;
  /** Words that a query may mean: the dictionary's, or of an index in parts those of all. */
  readonly lexicon: Lexicon;
  readonly nItems: number;
  /** Documents that were indexed. */
  readonly nDocuments: number;
  /** Documents among which scores compare: the N of BM25. */
  readonly collectionDocuments: number;
  readonly averageLength: number;
  readonly k1: number;
  readonly b: number;
  /** Units of a word that occurs once in a field of weight 1; field weights are fractions of this. */
  readonly unitsPerOne: number;
  readonly postings: Uint8Array;
  /** Absent: phrases are checked against the documents. */
  readonly positions: Uint8Array | undefined;
  readonly lengths: Uint8Array;
  /** Absent where the documents are of one language. */
  readonly itemLanguages?: ItemLanguages | undefined;
  /** For each length code k1 (1 - b + b length / averageLength), the addend in the denominator. */
  readonly norms: Float32Array;
  readonly scratch: Scratch;
}

/** Languages of documents, by the numbers of their codes. */
export interface ItemLanguages {
  /** Documents of each code from 1 on. */
  readonly documents: Uint32Array;
  /** Code of each item; 0 where its language is not known. */
  readonly codes: Uint8Array;
}

/** The bytes of the keyword sections; those of the terms begin on a multiple of 4. */
export interface KeywordSections {
  readonly terms: Uint8Array;
  readonly postings: Uint8Array;
  readonly lengths: Uint8Array;
  readonly positions?: Uint8Array | undefined;
  readonly languages?: Uint8Array | undefined;
}

/**
 * Opens the keyword sections, or returns undefined when the artifact has none. Takes the same time whatever their
 * size: nothing is parsed but the header, and what a search reads is checked then.
 *
 * @throws ArtifactError `CORRUPT_KEYWORDS`, `MISSING_SECTION`
 */
export function openKeywordIndex(artifact: Artifact): KeywordIndex | undefined {
  if (!findSection(artifact, "keywordTerms")) return undefined;
  const sections = {
    terms: requireBytes(artifact, "keywordTerms"),
    postings: requireBytes(artifact, "keywordPostings"),
    lengths: requireBytes(artifact, "keywordLengths"),
    // A file may leave its positions out, or keep them cold: phrases are then checked against the documents.
    positions: sectionBytes(artifact, "keywordPositions"),
    languages: sectionBytes(artifact, "keywordLanguages"),
  };
  return openKeywordSections(sections, artifact.header.nItems);
}

/** Opens a keyword index over its bytes. @throws ArtifactError `CORRUPT_KEYWORDS` */
export function openKeywordSections(sections: KeywordSections, itemCount: number): KeywordIndex {
  const { terms: bytes, postings, lengths } = sections;
  const { whole, real } = headerOf(bytes);
  const version = whole("version");
  const ofCollection = version === KEYWORD_COLLECTION_VERSION || version === KEYWORD_OLD_VERSIONS.collection;
  if (!ofCollection && version !== KEYWORD_LAYOUT_VERSION && version !== KEYWORD_OLD_VERSIONS.layout) {
    throw corruptKeywords(`it has layout ${version}; this reader knows 1 to ${KEYWORD_COLLECTION_VERSION}`);
  }
  const nItems = whole("nItems");
  if (nItems !== itemCount) {
    throw corruptKeywords(`it was made for ${nItems} items; the artifact has ${itemCount}`);
  }
  const nDocuments = whole("nDocuments");
  if (nDocuments > nItems) throw corruptKeywords(`it counts ${nDocuments} documents for ${nItems} items`);
  const collectionDocuments = ofCollection ? whole("collectionDocuments") : nDocuments;
  if (collectionDocuments < nDocuments)
    throw corruptKeywords(`it counts ${nDocuments} documents of ${collectionDocuments}`);
  const postingBytes = whole("postingBytes");
  if (postings.byteLength !== postingBytes || lengths.byteLength !== nItems) {
    throw corruptKeywords("its postings or lengths are not as long as its header says");
  }
  const written = (whole("flags") & KEYWORD_FLAGS.positions) !== 0;
  const positionBytes = whole("positionBytes");
  const positions = written ? sections.positions : undefined;
  if (positions && positions.byteLength !== positionBytes) {
    throw corruptKeywords(`it has ${positions.byteLength} bytes of positions instead of ${positionBytes}`);
  }
  const dictionary = openDictionary(bytes, { withPositions: written, ofCollection });
  const averageLength = real("averageLength", Number.MAX_VALUE, "average length");
  const k1 = real("k1", 1000);
  const b = real("b", 1);
  const unitsPerOne = whole("unitsPerOne");
  if (!(unitsPerOne >= 1 && unitsPerOne <= 1024)) throw corruptKeywords(`${unitsPerOne} units a word`);
  return {
    ...readLanguages(bytes),
    dictionary,
    lexicon: lexiconOf(dictionary),
    nItems,
    nDocuments,
    collectionDocuments,
    averageLength,
    k1,
    b,
    unitsPerOne,
    postings,
    positions,
    lengths,
    itemLanguages: sections.languages && readItemLanguages(sections.languages, nItems),
    norms: normsOf(k1, b, averageLength),
    scratch: createScratch(),
  };
}

/** The words of documents without where they stand. */
export interface WordCounts {
  readonly dictionary: Dictionary;
  readonly nDocuments: number;
  /** Documents among which the words have their totals; 0 where they have none. */
  readonly collectionDocuments: number;
  readonly averageLength: number;
}

/**
 * Opens the words of a keyword index whose postings are not at hand.
 *
 * @param ofCollection whether entries tell frequencies among more documents
 * @throws ArtifactError `CORRUPT_KEYWORDS`
 */
export function openWordCounts(bytes: Uint8Array, ofCollection = false): WordCounts {
  const { whole, real } = headerOf(bytes);
  const version = whole("version");
  if (version !== (ofCollection ? KEYWORD_COLLECTION_VERSION : KEYWORD_LAYOUT_VERSION))
    throw corruptKeywords(`counted words have layout ${version}`);
  return {
    dictionary: openDictionary(bytes, { withPositions: false, ofCollection }),
    nDocuments: whole("nDocuments"),
    collectionDocuments: whole("collectionDocuments"),
    averageLength: real("averageLength", Number.MAX_VALUE, "average length"),
  };
}

/** For each length code k1 (1 - b + b length / averageLength). */
export function normsOf(k1: number, b: number, averageLength: number): Float32Array {
  return Float32Array.from(
    LENGTH_OF_CODE,
    (length) => k1 * (1 - b + (averageLength > 0 ? (b * length) / averageLength : 0)),
  );
}

/** Readers of the header's fields by their names. @throws ArtifactError `CORRUPT_KEYWORDS` */
function headerOf(bytes: Uint8Array) {
  if (bytes.byteLength < KEYWORD_HEADER_BYTES) {
    throw corruptKeywords(`its header has ${bytes.byteLength} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    whole: (field: keyof typeof KEYWORD_HEADER): number => view.getUint32(KEYWORD_HEADER[field], true),
    real: (field: "averageLength" | "k1" | "b", most: number, what: string = field): number => {
      const value = view.getFloat64(KEYWORD_HEADER[field], true);
      if (!(value >= 0 && value <= most)) throw corruptKeywords(`its ${what} is ${value}`);
      return value;
    },
  };
}

function openDictionary(
  bytes: Uint8Array,
  { withPositions, ofCollection }: { readonly withPositions: boolean; readonly ofCollection: boolean },
): Dictionary {
  const { whole } = headerOf(bytes);
  const nTerms = whole("nTerms");
  const termBytes = whole("termBytes");
  const nBlocks = Math.ceil(nTerms / TERMS_PER_BLOCK);
  const tables = (nBlocks + 1) * (withPositions ? 3 : 2) * 4;
  if (bytes.byteLength !== KEYWORD_HEADER_BYTES + tables + termBytes) {
    throw corruptKeywords(
      `${nTerms} terms in ${termBytes} bytes do not make a section of ${bytes.byteLength}`,
    );
  }
  const table = (index: number, end: number, what: string) => {
    const at = bytes.byteOffset + KEYWORD_HEADER_BYTES + index * (nBlocks + 1) * 4;
    const offsets = new Uint32Array(bytes.buffer, at, nBlocks + 1);
    // Only the ends: that it ascends is seen where it is used, so that opening does not read the table.
    if (offsets[0] !== 0 || offsets[nBlocks] !== end)
      throw corruptKeywords(`the ${what} do not end where they should`);
    return offsets;
  };
  return {
    nTerms,
    nBlocks,
    bytes: bytes.subarray(KEYWORD_HEADER_BYTES + tables),
    blockTerms: table(0, termBytes, "terms"),
    blockPostings: table(1, whole("postingBytes"), "postings"),
    blockPositions: withPositions ? table(2, whole("positionBytes"), "positions") : undefined,
    ofCollection,
  };
}

function readLanguages(bytes: Uint8Array): IndexLanguages {
  let language = "";
  for (let i = 0; i < LANGUAGE_BYTES; i++) {
    const byte = bytes[KEYWORD_HEADER.language + i]!;
    if (byte === 0) break;
    language += String.fromCharCode(byte);
  }
  if (language === SEVERAL_LANGUAGES) {
    const bits = new DataView(bytes.buffer, bytes.byteOffset).getUint32(KEYWORD_HEADER.language + 4, true);
    const named = LANGUAGE_BITS.filter((_, i) => (bits >>> i) & 1);
    if (named.length === 0) throw corruptKeywords("it is of several languages and names none");
    return severalLanguages(named);
  }
  if (!isLanguage(language)) {
    throw corruptKeywords(`its language is "${language}", for which this reader has no stemmer`);
  }
  return { language, languages: [language] };
}

function readItemLanguages(bytes: Uint8Array, nItems: number): ItemLanguages {
  const counts = MAX_LANGUAGES * 4;
  if (bytes.byteLength !== counts + nItems) {
    throw corruptKeywords(`its languages have ${bytes.byteLength} bytes instead of ${counts + nItems}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, counts);
  const documents = Uint32Array.from({ length: MAX_LANGUAGES }, (_, i) => view.getUint32(i * 4, true));
  return { documents, codes: bytes.subarray(counts) };
}
