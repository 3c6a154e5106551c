import { join } from "node:path";
import type { ItemDocument, KeywordMeta, StoredDocument } from "../../worker/core/format/meta.ts";
import { encodeStem, encodeTerm, findTerm, readEntry } from "../../worker/core/keyword/dictionary.ts";
import { classTerm } from "../../worker/core/keyword/joined-lexicon.ts";
import type { KeywordIndex } from "../../worker/core/keyword/keyword-index.ts";
import { readDocuments } from "../artifact/documents.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { countCollection } from "../keyword/collection.ts";
import { encodeDocuments } from "../keyword/keyword-sections.ts";
import type { Collection } from "../keyword/options.ts";
import type { LocalIndex } from "../local/types.ts";
import { PAGE_TITLE, withPageTitles } from "../site/beginning.ts";
import { keywordOptionsOf } from "./texts.ts";

/** Changes of one shard, as far as its words go. */
export interface ShardWords {
  readonly base: LocalIndex;
  readonly baseDir: string;
  readonly documents: readonly StoredDocument[];
  readonly removed: readonly number[];
}

/** Whether the shards of an index score words by the frequencies among the documents of all of them. */
export function sharesTotals(bases: readonly LocalIndex[]): boolean {
  const all = bases.reduce((sum, { keyword }) => sum + (keyword?.nDocuments ?? 0), 0);
  return bases.length > 1 && bases.every(({ keyword }) => keyword?.collectionDocuments === all);
}

/**
 * Section `wordTotals`: of each word in an added or a removed document the documents that hold it, among those of all
 * shards. Frequencies that stay are those that the shards know.
 *
 * @param meta settings of the words
 */
export async function wordTotals(shards: readonly ShardWords[], meta: KeywordMeta): Promise<SectionSource> {
  const keywords = shards.flatMap(({ base }) => base.keyword ?? []);
  const added = () => numbered(shards, addedOf);
  const gone = () => numbered(shards, goneOf);
  const [more, less] = [await count(added(), meta), await count(gone(), meta)];
  const nItems = more.collection.documents + less.collection.documents;
  async function* both() {
    yield* added();
    for await (const document of gone())
      yield { ...document, item: document.item + more.collection.documents };
  }
  const options = await keywordOptionsOf(meta, both(), nItems);
  const { encoded } = await encodeDocuments(both(), {
    ...options,
    positions: false,
    nItems,
    collection: totalsOf(keywords, more, less),
  });
  return { name: "wordTotals", hot: true, bytes: encoded.terms };
}

interface Counted {
  readonly collection: Collection;
  readonly holding: ReadonlyMap<string, number>;
}

async function count(documents: AsyncIterable<ItemDocument>, meta: KeywordMeta): Promise<Counted> {
  const list: ItemDocument[] = [];
  for await (const document of documents) list.push(document);
  const options = await keywordOptionsOf(meta, asIterable(list), list.length);
  const counter = countCollection(options);
  for (const document of list) counter.add(document);
  return { collection: counter.finish(), holding: counter.holding() };
}

async function* asIterable<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}

/** Statistics of all documents after the changes, each beside what the documents of the section have, so that none is below. */
function totalsOf(keywords: readonly KeywordIndex[], more: Counted, less: Counted): Collection {
  const { collectionDocuments, averageLength } = keywords[0]!;
  const [a, r] = [more.collection, less.collection];
  const documents = collectionDocuments + a.documents - r.documents;
  const length =
    collectionDocuments * averageLength + a.documents * a.averageLength - r.documents * r.averageLength;
  const words = new Map<string, number>();
  for (const word of new Set([...a.words.keys(), ...r.words.keys()])) {
    const [plus, minus] = [a.words.get(word) ?? 0, r.words.get(word) ?? 0];
    words.set(word, Math.max(0, totalOf(keywords, word) + plus - minus) + plus + minus);
  }
  const stems = new Map<string, number>();
  for (const stem of new Set([...a.stems.keys(), ...r.stems.keys()])) {
    const all = classTotalOf(keywords, stem) + (a.stems.get(stem) ?? 0) - (r.stems.get(stem) ?? 0);
    const here = (more.holding.get(stem) ?? 0) + (less.holding.get(stem) ?? 0);
    stems.set(stem, Math.max(0, all) + here);
  }
  return { documents, averageLength: documents > 0 ? Math.max(0, length) / documents : 0, words, stems };
}

/** Documents of all shards that hold a word, as the first shard says that has one. */
function totalOf(keywords: readonly KeywordIndex[], word: string): number {
  const key = encodeTerm(word);
  for (const { dictionary } of keywords) {
    const term = findTerm(dictionary, key);
    if (term >= 0) return readEntry(dictionary, term).total;
  }
  return 0;
}

function classTotalOf(keywords: readonly KeywordIndex[], stem: string): number {
  const key = encodeStem(stem);
  for (const { dictionary, languages } of keywords) {
    const term = classTerm(dictionary, key, languages);
    if (term >= 0) return readEntry(dictionary, term).classTotal;
  }
  return 0;
}

type Read = (shard: ShardWords) => AsyncIterable<ItemDocument>;

/** Documents of all shards, numbered one behind the other. */
async function* numbered(shards: readonly ShardWords[], read: Read): AsyncGenerator<ItemDocument> {
  let item = 0;
  for (const shard of shards) for await (const document of read(shard)) yield { ...document, item: item++ };
}

/** Each shard reads the pages of a site by itself. */
function titledAs({ base }: ShardWords, documents: AsyncIterable<ItemDocument>): AsyncIterable<ItemDocument> {
  return PAGE_TITLE in (base.manifest.keyword?.fields ?? {}) ? withPageTitles(documents) : documents;
}

function addedOf(shard: ShardWords): AsyncIterable<ItemDocument> {
  return titledAs(shard, asIterable(shard.documents.map((document, item) => ({ ...document, item }))));
}

async function* goneOf(shard: ShardWords): AsyncGenerator<ItemDocument> {
  if (shard.removed.length === 0) return;
  const gone = new Set(shard.removed);
  for await (const document of titledAs(shard, readDocuments(join(shard.baseDir, "documents.jsonl"))))
    if (gone.has(document.item)) yield document;
}
