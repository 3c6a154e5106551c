import type { StoredDocument } from "../format/meta.ts";
import type { Work } from "../format/work.ts";
import { tellingTerms, type WordTerms } from "../keyword/expanded-query.ts";
import type { ItemParts } from "./docstore.ts";
import { explainer } from "./explain.ts";
import { highlightTerms, nearnessTo, passageAt, passageByMeaning, passageByTerms } from "./highlight.ts";
import type { RankedPage } from "./page.ts";
import type { Query } from "./query.ts";
import { MAX_TEXT } from "./read-text.ts";
import { type SearchedShards, type Searcher, timed } from "./searcher.ts";
import type {
  DidYouMean,
  Explanation,
  Group,
  Highlight,
  Hit,
  SearchRequest,
  SearchResponse,
  SearchWarning,
} from "./types.ts";

/** A search that has been ranked. */
export interface Answered {
  readonly request: SearchRequest;
  readonly query: Query;
  readonly page: RankedPage;
  readonly didYouMean?: DidYouMean;
}

/** Documents and ids of the hits of answers, by item. */
interface Shown {
  readonly documents: ReadonlyMap<number, StoredDocument | undefined>;
  readonly ids: ReadonlyMap<number, string>;
}

/**
 * Reads what answers show, all at once: documents and ids; of an index in shards vectors as well.
 *
 * @throws SearchError `ANSWER_TOO_LARGE`
 */
export async function readShown(searcher: Searcher, answered: readonly Answered[]): Promise<Shown> {
  const { options, shards } = searcher;
  const wants = answered.map(({ request, page }) => ({ ...partsOf(request), items: page.ranking.items }));
  const all = [...new Set(wants.flatMap(({ items }) => items))];
  const read = [...new Set(wants.flatMap((want) => (want.documents ? want.items : [])))];
  const documents = await timed("docstore", options, async () => {
    await shards?.prefetch(wants);
    const found = read.length > 0 ? await searcher.documents(read) : [];
    return new Map(read.map((item, i) => [item, found[i]]));
  });
  const ids = await searcher.ids(all);
  if (options.work) countAnswerBytes(options.work, answered, documents);
  return { documents, ids: new Map(all.map((item, i) => [item, ids[i]!])) };
}

/** Bytes of a hit without its document, as JSON. */
const HIT_BYTES = 200;

/** Counts the bytes of answers before they are made, without those of vectors. */
function countAnswerBytes(work: Work, answered: readonly Answered[], documents: Shown["documents"]): void {
  const sizes = new Map<StoredDocument, number>();
  const sizeOf = (document: StoredDocument): number => {
    const known = sizes.get(document);
    if (known !== undefined) return known;
    const size = document.pageContent.length + JSON.stringify(document.metadata).length;
    sizes.set(document, size);
    return size;
  };
  for (const { request, page } of answered) {
    const times = request.include.filter((part) => part === "document" || part === "metadata").length;
    for (const item of page.ranking.items) {
      const document = times > 0 ? documents.get(item) : undefined;
      work.hold("answer", "documents", HIT_BYTES + (document ? times * sizeOf(document) : 0));
    }
  }
}

/** Fields of the hits that an answer shows or reads. */
function partsOf({ include }: SearchRequest): ItemParts {
  return { documents: include.some((part) => part !== "vector"), vectors: include.includes("vector") };
}

/** The answer to one search, out of its ranking and the documents. */
export async function answerOf(
  searcher: Searcher,
  answered: Answered,
  { documents, ids }: Shown,
): Promise<Omit<SearchResponse, "index" | "indexes" | "version" | "metric">> {
  const { request, query, page } = answered;
  const { ranking } = page;
  const { facets, terms } = page.rankings;
  const include = new Set(request.include);
  const { index, options, shards } = searcher;
  const { work } = options;
  const counted = <T extends Highlight | Explanation>(part: T): T => {
    work?.hold("answer", "documents", JSON.stringify(part).length);
    return part;
  };
  const highlight = include.has("highlights") ? highlighter(searcher, query, terms) : undefined;
  const explain = include.has("explanation") ? explainer(index, query, page, work) : undefined;
  const vectors = include.has("vector") ? await searcher.vectors(ranking.items) : [];
  const hits: Hit[] = [];
  for (const [i, item] of ranking.items.entries()) {
    // Its shard has ranked it and then fallen silent.
    if (shards && !shards.has(item, partsOf(request))) continue;
    const document = documents.get(item);
    const known = ranking.distances?.[i];
    const distance = known === undefined || Number.isNaN(known) ? null : known;
    const vector = vectors[i];
    hits.push({
      item,
      id: ids.get(item)!,
      distance,
      score: ranking.scores[i]!,
      ...(page.sortValues && { sort: page.sortValues.get(item) ?? [] }),
      ...(document &&
        include.has("document") && {
          document: { pageContent: document.pageContent, metadata: document.metadata },
        }),
      ...(document && include.has("metadata") && { metadata: document.metadata }),
      ...(vector && { vector: Array.from(vector) }),
      ...(highlight && document && { highlights: [counted(await highlight(document.pageContent))] }),
      ...(explain && { explanation: counted(explain(item, distance, document)) }),
    });
  }
  const isPartial = shards !== undefined && shards.missing.size > 0;
  const warnings = isPartial ? [...page.warnings, shardsMissing(shards)] : page.warnings;
  return {
    mode: query.mode,
    hits,
    ...(page.groups && { groups: answeredGroups(page.groups, hits) }),
    ...(page.total && { total: page.total }),
    ...(facets && { facets }),
    ...(isPartial && { partial: true }),
    ...(answered.didYouMean && { didYouMean: answered.didYouMean }),
    ...(warnings.length > 0 && { warnings }),
  };
}

/** The groups of the hits; one whose hits could not be read is left out. */
function answeredGroups(groups: NonNullable<RankedPage["groups"]>, hits: readonly Hit[]): Group[] {
  const shown = new Set(hits.map(({ item }) => item));
  return groups
    .map(({ value, items }) => ({ value, hits: items.filter((item) => shown.has(item)).length }))
    .filter((group) => group.hits > 0);
}

function shardsMissing({ asked, missing }: SearchedShards): SearchWarning {
  const codes = [...new Set([...missing.values()].map(({ code }) => code))].join(", ");
  const message = `${missing.size} of the ${asked.size} shards that were asked did not answer (${codes}): there may be better hits.`;
  return { code: "SHARDS_MISSING", message };
}

/** Work of comparing a document's sentences with the query, in nanoseconds a character. */
const NEARNESS_NS = 100;

/** Finds the passage of a document that matched: by the query's words, else by meaning, else its beginning. */
function highlighter(
  { index, options }: Searcher,
  { words, vector }: Query,
  found: readonly WordTerms[] | undefined,
): (text: string) => Highlight | Promise<Highlight> {
  const { embedder } = index;
  const language = index.words?.language ?? "none";
  const terms = found ? tellingTerms(found) : words ? highlightTerms(words) : new Set<string>();
  const nearness =
    embedder?.identity.provider === "static" && vector ? nearnessTo(vector, embedder) : undefined;
  return (text) => {
    const passage = terms.size > 0 ? passageByTerms(text, terms, language, options.work) : undefined;
    if (passage) return passage;
    if (nearness) options.work?.spend("passages", Math.min(text.length, MAX_TEXT) * NEARNESS_NS);
    return nearness ? passageByMeaning(text, nearness) : passageAt(text, 0);
  };
}
