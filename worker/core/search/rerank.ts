import type { Reranker } from "../embedding/types.ts";
import { AnnoyEdgeError } from "../format/errors.ts";
import type { StoredDocument } from "../format/meta.ts";
import { searchError } from "../format/search-error.ts";
import { withRules } from "./curation/apply.ts";
import { type RankedPage, rankPage } from "./page.ts";
import type { Query } from "./query.ts";
import { pickFrom } from "./ranking.ts";
import { DEFAULT_RERANKED } from "./schema.ts";
import { type Searcher, timed } from "./searcher.ts";
import type { Rule, SearchRequest } from "./types.ts";

/** Characters of a document that are read: such models cut at about 512 tokens. */
const MAX_TEXT = 2_000;

/** The page of a request whose first hits are ordered by a reranker. */
export async function rerankedPage(
  searcher: Searcher,
  query: Query,
  request: SearchRequest,
): Promise<RankedPage> {
  const { reranker } = searcher.options;
  requireRerankable(request, reranker);
  const { offset = 0, k, rerank } = request;
  const { first = DEFAULT_RERANKED } = typeof rerank === "object" ? rerank : {};
  // All pages are cut from one order, whose beginning is the reranker's.
  const whole = await rankPage(searcher, query, { ...request, offset: 0, k: Math.max(first, offset + k) });
  const page = await reranked(searcher, request, { page: whole, first, reranker });
  const positions = [...page.ranking.items.keys()].slice(offset, offset + k);
  return { ...page, ranking: pickFrom(page.ranking, positions) };
}

/** @throws SearchError where there is no reranker, no text, or another order is asked for */
function requireRerankable(
  request: SearchRequest,
  reranker: Reranker | undefined,
): asserts reranker is Reranker {
  const refuse = (message: string) => searchError("INVALID_VALUE", "rerank", message);
  if (request.query === undefined) throw refuse("rerank compares texts; this request has no query.");
  for (const field of ["sort", "groupBy", "mmr"] as const) {
    if (request[field] !== undefined) throw refuse(`rerank and ${field} are two orders; ask for one.`);
  }
  if (!reranker) throw searchError("NO_RERANKER", "rerank", "No reranker is set up here: see RERANKER.");
}

async function reranked(
  searcher: Searcher,
  { query = "" }: SearchRequest,
  {
    page,
    first,
    reranker,
  }: { readonly page: RankedPage; readonly first: number; readonly reranker: Reranker },
): Promise<RankedPage> {
  const { ranking, rankings } = page;
  const pins = new Set(rankings.curated?.pinned.map(({ item }) => item));
  // What editors have put first stays there.
  const positions = [...ranking.items.keys()].slice(0, first).filter((i) => !pins.has(ranking.items[i]!));
  if (positions.length < 2) return page;
  const documents = await searcher.documents(positions.map((i) => ranking.items[i]!));
  const texts = documents.map((document) => textOf(document));
  let scores: readonly number[];
  try {
    scores = await timed("rerank", searcher.options, () => reranker.scores(query, texts));
  } catch (error) {
    if (!(error instanceof AnnoyEdgeError)) throw error;
    const message = `The order is the one before reranking: ${error.message}`;
    return { ...page, warnings: [...page.warnings, { code: "RERANKER_UNAVAILABLE", message }] };
  }
  const order = [...positions.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  const rules = new Map<number, Rule[]>();
  const places = [...ranking.items.keys()];
  for (const [place, from] of order.entries()) {
    const position = positions[from]!;
    places[positions[place]!] = position;
    const message = `${reranker.name} gives it ${scores[from]!.toFixed(3)}; before, it had rank ${position + 1}.`;
    rules.set(ranking.items[position]!, [{ rule: "reranked", message }]);
  }
  // Scores stay with the places, so that they descend.
  const reordered = { ...pickFrom(ranking, places), scores: ranking.scores };
  return { ...page, ranking: reordered, rules: withRules(page.rules, rules) };
}

function textOf(document: StoredDocument | undefined): string {
  if (!document) return "";
  const { title } = document.metadata;
  const head = typeof title === "string" ? `${title}\n` : "";
  return `${head}${document.pageContent}`.slice(0, MAX_TEXT).toWellFormed();
}
