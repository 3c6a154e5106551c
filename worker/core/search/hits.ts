import type { StoredDocument } from "../format/meta.ts";
import { tellingTerms, type WordTerms } from "../keyword/understand.ts";
import type { ItemParts } from "./docstore.ts";
import { explainer } from "./explain.ts";
import { highlightTerms, nearnessTo, passageAt, passageByMeaning, passageByTerms } from "./highlight.ts";
import { languageOf } from "./loaded-index.ts";
import type { RankedPage } from "./page.ts";
import type { Query } from "./query.ts";
import { MAX_TEXT } from "./read-text.ts";
import { type Searcher, timed } from "./searcher.ts";
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

export type Documents = ReadonlyMap<number, StoredDocument | undefined>;

/** Reads what answers show, all at once: documents; of an index in shards vectors and ids as well. */
export async function readDocuments(searcher: Searcher, answered: readonly Answered[]): Promise<Documents> {
  const { options } = searcher;
  const wants = answered.map(({ request, page }) => ({ ...partsOf(request), items: page.ranking.items }));
  const items = [...new Set(wants.flatMap((want) => (want.documents ? want.items : [])))];
  return timed("docstore", options, async () => {
    await searcher.prefetch(wants);
    const documents = items.length > 0 ? await searcher.documents(items) : [];
    return new Map(items.map((item, i) => [item, documents[i]]));
  });
}

/** Bytes of a hit without its document, as JSON. */
const HIT_BYTES = 200;

/**
 * Counts the bytes of answers before they are made, those of vectors apart.
 *
 * @throws SearchError `ANSWER_TOO_LARGE`
 */
export function holdAnswers(
  { options: { work } }: Searcher,
  answered: readonly Answered[],
  documents: Documents,
): void {
  if (!work) return;
  const sizes = new Map<StoredDocument, number>();
  const sizeOf = (document: StoredDocument): number => {
    const known = sizes.get(document);
    if (known !== undefined) return known;
    const size = document.pageContent.length + JSON.stringify(document.metadata).length;
    sizes.set(document, size);
    return size;
  };
  for (const { request, page } of answered) {
    const { items } = page.ranking;
    const times = request.include.filter((part) => part === "document" || part === "metadata").length;
    for (const item of items) {
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
  documents: Documents,
): Promise<Omit<SearchResponse, "index" | "indexes" | "version" | "metric">> {
  const { request, query, page } = answered;
  const { ranking } = page;
  const { facets, terms } = page.rankings;
  const include = new Set(request.include);
  const { work } = searcher.options;
  const held = <T extends Highlight | Explanation>(part: T): T => {
    work?.hold("answer", "documents", JSON.stringify(part).length);
    return part;
  };
  const highlight = include.has("highlights") ? highlighter(searcher, query, terms) : undefined;
  const explain = include.has("explanation") ? explainer(searcher.index, query, page, work) : undefined;
  const vectors = include.has("vector") ? await searcher.vectors(ranking.items) : [];
  const ids = await searcher.ids(ranking.items);
  const hits: Hit[] = [];
  for (const [i, item] of ranking.items.entries()) {
    // Its shard has ranked it and then fallen silent.
    if (!searcher.has(item, partsOf(request))) continue;
    const document = documents.get(item);
    const known = ranking.distances?.[i];
    const distance = known === undefined || Number.isNaN(known) ? null : known;
    const vector = vectors[i];
    hits.push({
      item,
      id: ids[i]!,
      distance,
      score: ranking.scores[i]!,
      ...(page.sortValues && { sort: page.sortValues.get(item) ?? [] }),
      ...(document &&
        include.has("document") && {
          document: { pageContent: document.pageContent, metadata: document.metadata },
        }),
      ...(document && include.has("metadata") && { metadata: document.metadata }),
      ...(vector && { vector: Array.from(vector) }),
      ...(highlight && document && { highlights: [held(await highlight(document.pageContent))] }),
      ...(explain && { explanation: held(explain(item, distance, document)) }),
    });
  }
  const missing = searcher.shards?.missing.size ?? 0;
  const warnings = [...page.warnings, ...missingShards(searcher)];
  return {
    mode: query.mode,
    hits,
    ...(page.groups && { groups: answeredGroups(page.groups, hits) }),
    ...(page.total && { total: page.total }),
    ...(facets && { facets }),
    ...(missing > 0 && { partial: true }),
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

function missingShards({ shards }: Searcher): SearchWarning[] {
  if (!shards || shards.missing.size === 0) return [];
  const { asked, missing } = shards;
  const codes = [...new Set([...missing.values()].map(({ code }) => code))].join(", ");
  const message = `${missing.size} of the ${asked.size} shards that were asked did not answer (${codes}): there may be better hits.`;
  return [{ code: "SHARDS_MISSING", message }];
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
  const language = languageOf(index);
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
