import { parseSearchRequest, validate } from "../../core/search/parse.ts";
import { searchWith } from "../../core/search/search.ts";
import type { SearchResponse } from "../../core/search/types.ts";
import { requireAction } from "../access.ts";
import { countQuery } from "../insights.ts";
import { withSearcher } from "../routes/answering.ts";
import { searchSeveral } from "../routes/several.ts";
import { stateOf } from "../types.ts";
import { citationOf, citationText, passageAround, shownPassage } from "./citation.ts";
import { searchInput, similarInput } from "./inputs.ts";
import type { ToolAnswer, ToolCall } from "./types.ts";

/** Tool `search`. */
export async function searchText(call: ToolCall, input: unknown): Promise<ToolAnswer> {
  const { index, indexes = [], ...asked } = validate(searchInput, input);
  const names = [...new Set([...(index === undefined ? [] : [index]), ...indexes])];
  return answerOf(call, await searchIndexes(call, names, asked));
}

/** Tool `more_like_this`: the document itself is left out. */
export async function findSimilar(call: ToolCall, input: unknown): Promise<ToolAnswer> {
  const { index, k, ...asked } = validate(similarInput, input);
  const id = await knownId(call, asked.id, index);
  const response = await searchIndexes(call, index === undefined ? [] : [index], { ...asked, id, k: k + 1 });
  const hits = response.hits.filter((hit) => hit.id !== id).slice(0, k);
  return answerOf(call, { ...response, hits });
}

/** The id of a document that is named by its id or by its absolute url. */
export async function knownId({ c }: ToolCall, given: string, index: string | undefined): Promise<string> {
  const url = URL.parse(given);
  if (url?.protocol !== "https:" && url?.protocol !== "http:") return given;
  const path = url.pathname + url.search + url.hash;
  return withSearcher(
    c,
    async (searcher) => {
      for (const id of [given, path]) if ((await searcher.itemOf(id)) !== undefined) return id;
      return given;
    },
    index,
  );
}

async function searchIndexes(
  { c }: ToolCall,
  names: readonly string[],
  asked: Record<string, unknown>,
): Promise<SearchResponse> {
  requireAction(c, "search");
  const [name, ...others] = names;
  const fields = {
    ...asked,
    include: ["document", ...("query" in asked ? ["highlights"] : [])],
    ...(others.length > 0 && { indexes: names }),
  };
  const request = parseSearchRequest(fields, stateOf(c).service.limits);
  const response = request.indexes
    ? await searchSeveral(c, request.indexes, request)
    : await withSearcher(c, (searcher) => searchWith(searcher, request), name);
  countQuery(c, request);
  const state = stateOf(c);
  state.mode = response.mode;
  state.hits = response.hits.length;
  return response;
}

function answerOf(call: ToolCall, response: SearchResponse): ToolAnswer {
  const versions = new Map((response.indexes ?? [response]).map(({ index, version }) => [index, version]));
  const warnings = response.warnings?.map(({ message }) => message) ?? [];
  const hits = response.hits.map(({ index = response.index, id, score, document, highlights }) => {
    const place = { index, version: versions.get(index) ?? response.version, id };
    const passage = passageAround(document?.pageContent ?? "", highlights?.[0]?.offset);
    return { ...citationOf(call, place, document?.metadata), score: round(score), passage };
  });
  const found = hits.map(({ passage, ...citation }, i) => {
    return `${i + 1}. ${citationText(citation)}\n\n${shownPassage(passage)}`;
  });
  const text = [...(found.length > 0 ? found : ["Nothing was found."]), ...warnings].join("\n\n---\n\n");
  return {
    text,
    data: {
      hits: hits.map(({ passage, ...citation }) => ({ ...citation, ...passage })),
      ...(warnings.length > 0 && { warnings }),
    },
  };
}

function round(score: number): number {
  return Math.round(score * 1000) / 1000;
}
