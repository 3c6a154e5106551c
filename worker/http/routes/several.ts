import { embedderOf, mergeAnswers, type PartAnswer, partRequest } from "../../core/search/federate.ts";
import { searchWith } from "../../core/search/search.ts";
import type { SearchRequest, SearchResponse } from "../../core/search/types.ts";
import { type AppContext, stateOf } from "../types.ts";
import { withSearcher } from "./answering.ts";

/** Work of merging a hit with those of other indexes, in nanoseconds. */
const MERGED_NS = 1_000;

/**
 * Answers a search of several indexes. One after the other, so that memory need never hold more than one of them beside what is
 * loaded anyway.
 */
export async function searchSeveral(
  c: AppContext,
  indexes: readonly string[],
  request: SearchRequest,
): Promise<SearchResponse> {
  const part = partRequest(request);
  const answers: PartAnswer[] = [];
  for (const name of new Set(indexes)) {
    answers.push(
      await withSearcher(
        c,
        async (searcher) => ({
          response: await searchWith(searcher, part),
          embedder: embedderOf(searcher.index),
        }),
        name,
      ),
    );
  }
  const state = stateOf(c);
  const hits = answers.reduce((sum, { response }) => sum + response.hits.length, 0);
  state.work.spend("answer", hits * MERGED_NS);
  const merged = mergeAnswers(request, answers);
  state.index = merged.index;
  state.version = merged.version;
  state.mode = merged.mode;
  state.hits = merged.hits.length;
  return merged;
}
