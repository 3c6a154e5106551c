import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import type { SearchInput, SearchResponse } from "../../worker/core/search/types.ts";
import type { SuggestResponse } from "../../worker/core/search/words/suggest.ts";
import type { SuggestInput } from "../../worker/core/search/words/suggest-schema.ts";
import { type OpenLocalOptions, openLocalIndex } from "./local-index.ts";

/**
 * One search over an artifact folder, with the Worker's own code. An index that was built with a service embeds its query
 * with that service, with the keys in the environment. For many searches open the index once, with
 * {@link openLocalIndex}.
 *
 * @throws SearchError when the request is wrong or does not fit the index
 */
export async function query(
  dir: string,
  request: SearchInput,
  options: OpenLocalOptions = {},
): Promise<SearchResponse> {
  // Before any file is opened.
  parseSearchRequest(request);
  const index = await openLocalIndex(dir, options);
  try {
    return await index.search(request);
  } finally {
    await index.close();
  }
}

/**
 * Completes a text from the titles and words of an artifact folder, with the Worker's own code.
 *
 * @throws SearchError when the request is wrong or does not fit the index
 */
export async function suggest(dir: string, request: SuggestInput): Promise<SuggestResponse> {
  const index = await openLocalIndex(dir, { embedder: () => undefined });
  try {
    return await index.suggest(request);
  } finally {
    await index.close();
  }
}
